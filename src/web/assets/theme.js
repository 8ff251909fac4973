/* Runs before the first paint: the choice of light or dark, if one was made here. */
(function () {
	'use strict';
	var kept = null;
	try {
		kept = localStorage.getItem('mxseal-theme');
	} catch (e) {
		/* no storage: follow the system */
	}
	if (kept === 'dark' || kept === 'light')
		document.documentElement.dataset.theme = kept;
	document.addEventListener('DOMContentLoaded', function () {
		var button = document.getElementById('theme');
		var system = matchMedia('(prefers-color-scheme: dark)');

		function dark() {
			var set = document.documentElement.dataset.theme;
			return set ? set === 'dark' : system.matches;
		}
		function label() {
			button.textContent = dark() ? 'Light' : 'Dark';
			button.setAttribute('aria-label', 'Switch to the ' + (dark() ? 'light' : 'dark') + ' theme');
		}
		function changed() {
			label();
			document.dispatchEvent(new Event('mxseal-theme'));
		}
		button.hidden = false;
		button.addEventListener('click', function () {
			var next = dark() ? 'light' : 'dark';
			document.documentElement.dataset.theme = next;
			try {
				localStorage.setItem('mxseal-theme', next);
			} catch (e) {
				/* it lasts for this page */
			}
			changed();
		});
		system.addEventListener('change', changed);
		label();
	});
})();
