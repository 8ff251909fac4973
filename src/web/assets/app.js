/* Adds to pages that can be read without it: copy buttons and the chart of the table of days. */
(function () {
	'use strict';

	function colour(name) {
		return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
	}

	/* Diagonal lines on a ground: failures, and days without a report, differ without colour. */
	function stripes(ground, line) {
		var tile = document.createElement('canvas');
		tile.width = tile.height = 8;
		var g = tile.getContext('2d');
		g.fillStyle = ground;
		g.fillRect(0, 0, 8, 8);
		g.strokeStyle = line;
		g.lineWidth = 2;
		g.beginPath();
		[-8, 0, 8].forEach(function (x) {
			g.moveTo(x, 8);
			g.lineTo(x + 8, 0);
		});
		g.stroke();
		return g.createPattern(tile, 'repeat');
	}

	function readDays() {
		return Array.prototype.map.call(document.querySelectorAll('#days tbody tr'), function (row) {
			var gap = row.classList.contains('gap');
			return {
				day: row.dataset.day,
				ok: gap ? null : Number(row.dataset.ok),
				failed: gap ? null : Number(row.dataset.failed)
			};
		});
	}

	/* Days without a report are hatched from top to bottom: nothing is known of them. */
	function gapPlugin(days) {
		return {
			id: 'gaps',
			beforeDatasetsDraw: function (chart) {
				var area = chart.chartArea, x = chart.scales.x, g = chart.ctx;
				var step = area.width / days.length;
				g.save();
				g.fillStyle = stripes(colour('--card'), colour('--gap'));
				days.forEach(function (d, i) {
					if (d.ok === null)
						g.fillRect(x.getPixelForValue(i) - step / 2, area.top, step, area.height);
				});
				g.restore();
			}
		};
	}

	function series(label, values, fill) {
		return {
			label: label, data: values, backgroundColor: fill, stack: 'day',
			categoryPercentage: 0.9, barPercentage: 0.9
		};
	}

	function options() {
		var text = colour('--text-2'), line = colour('--line');
		return {
			animation: false,
			maintainAspectRatio: false,
			interaction: { mode: 'index', intersect: false },
			scales: {
				x: { stacked: true, grid: { display: false }, ticks: { color: text, maxRotation: 0, autoSkipPadding: 16 } },
				y: {
					stacked: true, beginAtZero: true, grid: { color: line },
					ticks: { color: text, precision: 0 },
					title: { display: true, text: 'sessions', color: text }
				}
			},
			plugins: {
				legend: { align: 'start', labels: { color: text, boxWidth: 16, boxHeight: 12 }, onClick: null },
				tooltip: {
					callbacks: {
						title: function (items) {
							return items[0].label + ' (UTC day)';
						}
					}
				}
			}
		};
	}

	function draw(canvas, days) {
		var ok = series('succeeded', days.map(function (d) { return d.ok; }), colour('--ok'));
		var failed = series('failed', days.map(function (d) { return d.failed; }),
			stripes(colour('--bad'), colour('--bad-line')));
		var none = series('no report (hatched, not zero)', [],
			stripes(colour('--card'), colour('--gap')));
		return new Chart(canvas, {
			type: 'bar',
			data: { labels: days.map(function (d) { return d.day; }), datasets: [ok, failed, none] },
			options: options(),
			plugins: [gapPlugin(days)]
		});
	}

	function startChart() {
		var canvas = document.getElementById('chart');
		if (!canvas || typeof Chart === 'undefined')
			return;
		var days = readDays();
		canvas.parentNode.hidden = false;
		document.querySelector('.twin').open = false;
		Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
		var chart = draw(canvas, days);
		document.addEventListener('mxseal-theme', function () {
			chart.destroy();
			chart = draw(canvas, days);
		});
	}

	function copy(code, button) {
		navigator.clipboard.writeText(code.textContent).then(function () {
			button.textContent = 'Copied';
			setTimeout(function () {
				button.textContent = 'Copy';
			}, 1500);
		}, function () {
			getSelection().selectAllChildren(code);
		});
	}

	function addCopyButtons() {
		if (!navigator.clipboard)
			return;
		document.querySelectorAll('.copy').forEach(function (box) {
			var code = box.querySelector('code'), button = document.createElement('button');
			button.type = 'button';
			button.textContent = 'Copy';
			button.setAttribute('aria-label', 'Copy ' + code.textContent);
			button.addEventListener('click', function () {
				copy(code, button);
			});
			box.append(button);
		});
	}

	addCopyButtons();
	startChart();
})();
