"""Turns explain.txt into C: explain_embed.py IN OUT."""

import re
import sys

KINDS = ['result-type', 'policy-type', 'reason-code', 'status', 'finding', 'note', 'fault', 'signature', 'topic']
PLATFORMS = ['GW', 'M365', 'PF', 'EX']
IMPACTS = {'none': 'IMPACT_NONE', 'untidy': 'IMPACT_UNTIDY', 'blind': 'IMPACT_BLIND',
           'protection off': 'IMPACT_OFF', 'mail refused now': 'IMPACT_REFUSED',
           'mail would be refused in enforce': 'IMPACT_WOULD_REFUSE'}
FAMILIES = {'starttls-not-supported': 'MX', 'validation-failure': 'MX', 'sts-policy-fetch-error': 'POLICY',
            'certificate-host-mismatch': 'MX', 'certificate-expired': 'MX', 'certificate-not-trusted': 'MX',
            'sts-policy-invalid': 'POLICY', 'sts-webpki-invalid': 'POLICY', 'tlsa-invalid': 'DANE',
            'dnssec-invalid': 'DANE', 'dane-required': 'DANE'}
NOT_THEIRS = re.compile(r'certbot|smtpd_|ExchangeCertificate|openssl|renew your|reload', re.I)


def die(where, why):
    sys.exit(f'explain.txt: {where}: {why}')


def normal(text):
    parts = [re.sub(r'[^a-z0-9]+', '-', p) for p in text.lower().split('*')]
    return re.sub(r'-?\*-?(?=$)', '*', '*'.join(parts)).strip('-')


def logical_lines(path):
    out = []
    for raw in open(path, encoding='utf-8'):
        line = raw.rstrip('\n')
        if line.startswith('#') or not line.strip():
            continue
        if not line.startswith('  '):
            out.append(line)
        elif line.strip().startswith('$ ') or out[-1].rsplit('\n', 1)[-1].startswith('$ '):
            out[-1] += '\n' + line.strip()
        else:
            out[-1] += ' ' + line.strip()
    return out


def read(path):
    entries = []
    for line in logical_lines(path):
        word, _, rest = line.partition(' ')
        if word == '==':
            name, kind = rest.split()
            e = {'id': name, 'kind': kind, 'fix': {}, 'cause': [], 'match': []}
            entries.append(e)
        elif word == 'fix':
            platform, _, text = rest.partition(' ')
            e['fix'][platform] = text
        elif word == 'match':
            e['match'] += [m.strip() for m in rest.split('|')]
        elif word == 'cause':
            e['cause'].append(rest)
        elif word == 'impact':
            e['impact'] = dict(p.strip().split(' = ') for p in rest.split(','))
        elif word in ('title', 'plain', 'verify', 'see', 'like'):
            e[word] = rest
        else:
            die(e['id'], f'unknown field {word}')
    return entries


def complete(entries):
    by_id = {}
    for e in entries:
        base = by_id.get(e.get('like'), {})
        if 'like' in e and not base:
            die(e['id'], f'like {e["like"]}: no such entry above')
        for field in ('plain', 'impact', 'verify', 'see'):
            e.setdefault(field, base.get(field))
        e['cause'] = e['cause'] or base.get('cause', [])
        e['fix'] = e['fix'] or base.get('fix', {})
        e['family'] = FAMILIES.get(e['id']) or base.get('family', 'OTHER')
        by_id[e['id']] = e
        check(e)
        if 'all' in e['fix']:
            e['fix'] = {p: e['fix']['all'] for p in PLATFORMS}
        e['same'] = len(set(e['fix'].values())) == 1
        both = e['impact'].get('any')
        e['testing'], e['enforce'] = (e['impact'].get(m, both) for m in ('testing', 'enforce'))
    if len(by_id) != len(entries):
        die('whole file', 'an id is there twice')
    return entries


def check(e):
    where = e['id']
    if e['kind'] not in KINDS:
        die(where, f'unknown kind {e["kind"]}')
    for field in ('title', 'plain', 'impact', 'verify', 'see', 'cause', 'fix'):
        if not e.get(field):
            die(where, f'no {field}')
    if len(e['title']) > 70:
        die(where, 'the title is longer than 70 characters')
    if set(e['fix']) not in ({'all'}, set(PLATFORMS)):
        die(where, 'fix must be given for all, or for each platform')
    if e['family'] == 'MX' and e['kind'] != 'reason-code' and 'all' in e['fix']:
        die(where, 'what is about MX hosts needs a fix for each platform')
    if set(e['impact']) not in ({'any'}, {'testing', 'enforce'}) or set(e['impact'].values()) - set(IMPACTS):
        die(where, 'impact is not of the closed list')
    for platform in ('GW', 'M365'):
        if e['family'] == 'MX' and NOT_THEIRS.search(e['fix'].get(platform, '')):
            die(where, f'{platform} customers cannot do that')


def key_table(entries):
    keys = {}
    for i, e in enumerate(entries):
        for text in [e['id']] + e['match']:
            key = normal(text)
            if keys.setdefault(key, i) != i:
                die(e['id'], f'the spelling {text} belongs to {entries[keys[key]]["id"]} already')
    return sorted(keys.items())


def c_string(text):
    out = ''
    for ch in text:
        if ch in '"\\':
            out += '\\' + ch
        elif ch == '\n':
            out += '\\n'
        elif ord(ch) > 126:
            out += ''.join(f'\\{b:03o}' for b in ch.encode())
        else:
            out += ch
    return f'"{out}"'


def write_c(entries, out):
    put = lambda line: print(line, file=out)
    put('/* Made from explain.txt by explain_embed.py. */\n#include "advice/explain_data.h"\n')
    for i, e in enumerate(entries):
        put(f'static const char *const causes_{i}[] = {{ {", ".join(map(c_string, e["cause"]))}, NULL }};')
    put('\nconst struct explain_entry explain_entries[] = {')
    for i, e in enumerate(entries):
        kind = e['kind'].replace('-', '_').upper()
        fixes = ', '.join(c_string(e['fix'][p]) for p in PLATFORMS)
        put(f'\t{{ {c_string(e["id"])}, {c_string(e["title"])}, {c_string(e["plain"])},\n'
            f'\t  EXPLAIN_{kind}, FAMILY_{e["family"]}, {IMPACTS[e["testing"]]}, {IMPACTS[e["enforce"]]},\n'
            f'\t  causes_{i}, {{ {fixes} }}, {str(e["same"]).lower()},\n'
            f'\t  {c_string(e["verify"])}, {c_string(e["see"])} }},')
    put('};\nconst size_t explain_entry_count = ARRAY_LEN(explain_entries);\n')
    put('const struct explain_key explain_keys[] = {')
    for key, i in key_table(entries):
        put(f'\t{{ {c_string(key)}, {i}, {len(key.replace("*", ""))} }},')
    put('};\nconst size_t explain_key_count = ARRAY_LEN(explain_keys);')


def main():
    source, target = sys.argv[1:]
    with open(target, 'w', encoding='utf-8') as out:
        write_c(complete(read(source)), out)


main()
