"""Turns the files of the pages into C: assets_embed.py OUT STYLE THEME APP ICON.

Chart.js comes from Debian's libjs-chart.js; where it lies differs between releases.
"""

import hashlib
import pathlib
import sys

CHART = ['/usr/share/javascript/chart.js/chart.umd.min.js', '/usr/share/javascript/chart.js/chart.umd.js',
         '/usr/share/javascript/chart.js/chart.min.js', '/usr/share/javascript/chart.js/Chart.min.js']
TYPES = {'.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.svg': 'image/svg+xml'}


def chart_file():
    for path in map(pathlib.Path, CHART):
        if path.exists():
            return path
    sys.exit('Chart.js is not there; install libjs-chart.js')


def main():
    out, style, theme, app, icon = sys.argv[1:]
    rows, urls = [], []
    with open(out, 'w', encoding='ascii') as c:
        print('/* Made by assets_embed.py. */\n#include "web/assets_data.h"\n', file=c)
        for i, path in enumerate([style, theme, app, chart_file(), icon]):
            path = pathlib.Path(path)
            data = path.read_bytes()
            if path.suffix == '.js':  # a map to sources would be asked for and is not shipped
                data = b'\n'.join(l for l in data.split(b'\n') if not l.startswith(b'//# sourceMappingURL='))
            stem = 'chart' if i == 3 else path.stem
            name = f'{stem}.{hashlib.sha256(data).hexdigest()[:12]}{path.suffix}'
            print(f'static const unsigned char data_{i}[] = {{', file=c)
            for at in range(0, len(data), 24):
                print('\t' + ','.join(map(str, data[at:at + 24])) + ',', file=c)
            print('};', file=c)
            rows.append(f'\t{{ "{name}", "{TYPES[path.suffix]}", {{ (const char *)data_{i}, sizeof(data_{i}) }} }},')
            urls.append(f'\t"/assets/{name}",')
        print('const struct asset_file asset_files[ASSET_COUNT] = {', *rows, '};', sep='\n', file=c)
        print('const char *const asset_urls[ASSET_COUNT] = {', *urls, '};', sep='\n', file=c)


main()
