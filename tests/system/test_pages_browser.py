"""The pages in a real browser: signing in, no request to elsewhere, no error, light, dark, narrow."""
import contextlib
import datetime
import json
import re
import shutil
import tempfile
import urllib.error
import urllib.request

import pytest

from conftest import DEADLINE, Service, demo_ports, eventually, free_port_base

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.chrome.service import Service as Driver  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--window-size=1200,900"]
PAGES = ("/", "/domains/clinic.example", "/quarantine", "/login")
HOSTILE = "<img src=x onerror=alert(1)>\"'\u202egpj\x1b[31m" + "x" * 3000
FAILURES = [("validation-failure", "MX_HOSTS_MISMATCH"), ("certificate-expired", ""),
            ("sts-policy-fetch-error", "bad https response code: 404"), (HOSTILE, HOSTILE)]
CONTRAST = """
const seen = [];
const lum = c => { const f = c.map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
const rgb = s => s.match(/[0-9.]+/g).map(Number);
const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  if (!own || !e.checkVisibility() || e.closest('svg') || e.classList.contains('skip')) continue;
  const a = lum(rgb(getComputedStyle(e).color)), b = lum(ground(e));
  const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  if (ratio < 4.5) seen.push(e.tagName + ' ' + e.className + ' ' + ratio.toFixed(2) + ' ' + e.textContent.slice(0, 30));
}
return seen;
"""


def report(day, who, failures):
    """One report of that UTC day about clinic.example."""
    rows = [{"result-type": kind, "failure-reason-code": code, "failed-session-count": 2}
            for kind, code in failures]
    return {"organization-name": who, "contact-info": "tls@sender.example",
            "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
            "report-id": f"pages-{day}-{len(who)}",
            "policies": [{"policy": {"policy-type": "sts", "policy-domain": "clinic.example"},
                          "summary": {"total-successful-session-count": 90,
                                      "total-failure-session-count": 2 * len(rows)},
                          "failure-details": rows}]}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A demonstration with reports of every third day imported, one of them hostile."""
    folder = tmp_path_factory.mktemp("pages")
    port = free_port_base()
    service = Service(folder, ["--demo", "--state", folder / "state", "--port-base", port],
                      demo_ports(port)).start()
    try:
        eventually(lambda: "demonstration fed" in service.log_text())
        reports = folder / "reports"
        reports.mkdir()
        today = datetime.datetime.now(datetime.timezone.utc).date()
        for ago in range(1, 58, 3):
            day = today - datetime.timedelta(ago)
            text = json.dumps(report(day, "Sender of Tests", FAILURES[:ago % 4]))
            (reports / f"{ago}.json").write_text(text)
        yesterday = today - datetime.timedelta(1)
        (reports / "hostile.json").write_text(json.dumps(report(yesterday, HOSTILE, FAILURES)))
        (reports / ("<b>" + "n" * 120 + ".json")).write_text('{"organization-name": ')
        service.run("report", "import", reports, check=0)
        service.run("alert", "check", "clinic.example", check=1)  # something is open
        yield service
    finally:
        service.stop()


@contextlib.contextmanager
def browser(*more):
    if not shutil.which("chromium"):
        pytest.skip("no chromium")
    with tempfile.TemporaryDirectory() as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in [*FLAGS, f"--user-data-dir={profile}", *more]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(service=Driver("/usr/bin/chromedriver"), options=options)
        try:
            yield driver
        finally:
            driver.quit()


def link(service):
    done = service.run("login", check=0)
    return re.search(r"http://\S+", done.stdout).group(0)


def asked_hosts(driver):
    hosts = set()
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if url.startswith("http"):
                hosts.add(url.split("/")[2])
    return hosts


@pytest.fixture(scope="module")
def signed_in(shown):
    with browser() as driver:
        driver.get(link(shown))
        yield driver


def base(service):
    return f"http://127.0.0.1:{service.ports['admin']}"


def no_wider_than_the_window(driver):
    return driver.execute_script(
        "return document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_nothing_is_readable_without_signing_in(shown):
    for path in ("/", "/domains/acme.example", "/api/v1/domains"):
        try:
            with urllib.request.urlopen(base(shown) + path, timeout=DEADLINE) as answer:
                text, final = answer.read().decode(), answer.url
        except urllib.error.HTTPError as refused:
            text, final = refused.read().decode(), "/login"
        assert "acme" not in text and "/login" in final, path


def test_a_link_works_once(shown):
    url = link(shown)
    with browser() as driver:
        driver.get(url)
        assert "Domains" in driver.title
    with browser() as driver:
        driver.get(url)
        assert "mxseal login" in driver.find_element(By.TAG_NAME, "main").text
        assert "acme" not in driver.page_source


def test_list_of_domains(shown, signed_in):
    signed_in.get(base(shown) + "/")
    assert "Demonstration" in signed_in.find_element(By.CLASS_NAME, "demo").text
    named = lambda where: [e.text for e in signed_in.find_elements(By.CSS_SELECTOR, where + " tbody th a")]
    alerts = "section[aria-labelledby=alerts]"
    assert "clinic.example" in named(alerts)
    assert named(f"main > :not({alerts})") == ["acme.example", "bank.example", "clinic.example"]
    said = signed_in.find_element(By.CSS_SELECTOR, alerts).text
    assert "Sessions failed that an enforced policy refuses" in said and "mail refused now" in said
    words = [e.text for e in signed_in.find_elements(By.CSS_SELECTOR, "tbody .status")]
    assert all(words)


def test_domain_page_with_chart_and_twin(shown, signed_in):
    signed_in.get(base(shown) + "/domains/clinic.example")
    assert signed_in.execute_script("return typeof Chart") == "function"
    assert signed_in.execute_script("return Chart.getChart('chart').data.labels.length") == 61
    summary = shown.json("report", "summary", "clinic.example")
    rows = signed_in.execute_script(
        "return [...document.querySelectorAll('#days tbody tr')].map(r => [r.dataset.day, "
        "r.dataset.ok === undefined ? null : [+r.dataset.ok, +r.dataset.failed]])")
    want = {d["day"]: [d["successful"], d["failed"]] for d in summary["days"]}
    assert len(rows) == 61 and {d: v for d, v in rows if v is not None} == want
    assert any(v is None for _, v in rows)
    drawn = signed_in.execute_script("return Chart.getChart('chart').data.datasets.slice(0, 2).map(d => d.data)")
    assert drawn == [[v and v[0] for _, v in rows], [v and v[1] for _, v in rows]], "a gap is null, not zero"
    assert len(signed_in.find_elements(By.CSS_SELECTOR, ".failure .fix")) > 2
    assert "mail refused now" in signed_in.find_element(By.CSS_SELECTOR, "section[aria-labelledby=alerts]").text
    text = signed_in.find_element(By.TAG_NAME, "main").text
    assert "mta-sts.clinic.example" in text and "_smtp._tls" in text


def test_hostile_text_shows_as_text(shown, signed_in):
    signed_in.get(base(shown) + "/domains/clinic.example")
    assert signed_in.find_elements(By.TAG_NAME, "img") == []
    text = signed_in.find_element(By.TAG_NAME, "main").get_attribute("textContent")
    assert "<img src=x onerror=alert(1)>" in text and "\u2039U+202E\u203a" in text
    assert "\u202e" not in text and "\x1b" not in text and "x" * 400 not in text


def test_no_error_and_no_other_host(shown, signed_in):
    signed_in.get_log("browser")
    signed_in.get_log("performance")
    for path in (*PAGES, "/domains/acme.example", "/domains/bank.example"):
        signed_in.get(base(shown) + path)
        signed_in.execute_script("document.getElementById('theme').click()")
    assert signed_in.get_log("browser") == []
    assert asked_hosts(signed_in) == {f"127.0.0.1:{shown.ports['admin']}"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(shown, signed_in, scheme):
    for path in (*PAGES, "/nothing-here"):
        signed_in.get(base(shown) + path)
        signed_in.execute_script(f"document.documentElement.dataset.theme = '{scheme}';"
                                 "document.querySelectorAll('details').forEach(d => d.open = true)")
        assert signed_in.execute_script(CONTRAST) == [], path


def test_narrow_window(shown, signed_in):
    metrics = {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    signed_in.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    for path in (*PAGES, "/domains/acme.example"):
        signed_in.get(base(shown) + path)
        assert no_wider_than_the_window(signed_in), path
        signed_in.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert no_wider_than_the_window(signed_in), path + " unfolded"
    signed_in.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_without_scripts(shown, signed_in):
    signed_in.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    signed_in.get(base(shown) + "/domains/clinic.example")
    rows = signed_in.find_elements(By.CSS_SELECTOR, "#days tbody tr")
    assert len(rows) == 61 and rows[0].is_displayed()
    assert not signed_in.find_element(By.ID, "chart").is_displayed()
    signed_in.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_sign_out(shown):
    with browser() as driver:
        driver.get(link(shown))
        driver.find_element(By.CSS_SELECTOR, "form[action='/logout'] button").click()
        eventually(lambda: driver.execute_script("return location.pathname") == "/login")
        assert "Signed out" in driver.find_element(By.TAG_NAME, "main").text
        driver.get(base(shown) + "/domains/acme.example")
        assert "acme" not in driver.page_source
