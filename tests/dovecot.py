"""A real IMAP server for tests: dovecot on loopback, as the user who runs the tests."""
import base64
import contextlib
import grp
import hashlib
import hmac
import imaplib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from ports import free_port
from program import DEADLINE

PASSWORD = "a:pass-word"
JWT_KEY = b"a key of the test's own, thirty-two bytes and more"

# As root dovecot wants users of its own for what strangers talk to; else it is all one user.
ROOT = os.geteuid() == 0

CONFIG_23 = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = {listen}
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
mail_location = maildir:{folder}/mail/%u
mail_plugins =
ssl = {ssl}
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
first_valid_uid = 0
mail_uid = {uid}
mail_gid = {gid}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
"""
# Version 2.4 has another language for the same.
CONFIG_24 = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = {listen}
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
mail_driver = maildir
mail_path = {folder}/mail/%{{user}}
ssl = {ssl}
ssl_server_cert_file = {cert}
ssl_server_key_file = {key}
auth_allow_cleartext = yes
auth_mechanisms = plain login xoauth2 oauthbearer
first_valid_uid = 0
mail_uid = {uid}
mail_gid = {gid}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service anvil {{
  chroot =
}}
oauth2 {{
  introspection_mode = local
  username_attribute = sub
}}
oauth2_local_validation {{
  dict fs {{
    fs posix {{
      prefix = {folder}/keys/
    }}
  }}
}}
passdb oauth2 {{
  mechanisms_filter = xoauth2 oauthbearer
}}
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {folder}/mail/%{{user}}
  }}
}}
"""
OAUTH_23 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={folder}/keys/
username_attribute = sub
"""


def token(user, lasts=600, key=JWT_KEY):
    """An access token that the server believes."""
    part = lambda o: base64.urlsafe_b64encode(json.dumps(o).encode()).rstrip(b"=")
    now = int(time.time())
    text = part({"alg": "HS256", "typ": "JWT", "kid": "test"}) + b"." + part(
        {"sub": user, "iat": now - 10, "nbf": now - 10, "exp": now + lasts})
    sign = base64.urlsafe_b64encode(hmac.new(key, text, hashlib.sha256).digest()).rstrip(b"=")
    return (text + b"." + sign).decode()


class Dovecot:
    """Mailboxes of any name with PASSWORD; ports imap (plain and STARTTLS) and imaps.

    ports: (imap, imaps), else free ones; prefix: the words before the program, as in Service.
    """

    def __init__(self, cert, tls=True, listen="127.0.0.1", ports=None, prefix=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mxseal-dovecot-"))
        self.folder.chmod(0o755)
        self.listen, self.prefix = listen, prefix
        self.cert, self.key = self.folder / "cert.pem", self.folder / "key.pem"
        shutil.copy(cert, self.cert)
        shutil.copy(cert.with_suffix(".key"), self.key)
        self.imap, self.imaps = ports or (free_port(), free_port())
        self.process = None
        uid = 65534 if ROOT else os.geteuid()
        (self.folder / "mail").mkdir()
        os.chown(self.folder / "mail", uid, -1)
        keys = self.folder / "keys/default/HS256"
        keys.mkdir(parents=True)
        (keys / "test").write_text(base64.b64encode(JWT_KEY).decode())
        me, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
        values = dict(folder=self.folder, listen=listen, imap=self.imap, imaps=self.imaps, cert=self.cert, key=self.key,
                      password=PASSWORD, uid=uid,
                      gid=65534 if ROOT else os.getegid(), ssl="yes" if tls else "no",
                      internal="dovecot" if ROOT else me, internal_group="dovecot" if ROOT else group,
                      login="dovenull" if ROOT else me)
        version = subprocess.run(["dovecot", "--version"], capture_output=True, text=True, check=True).stdout
        config = CONFIG_23 if version.startswith("2.3") else CONFIG_24
        (self.folder / "dovecot.conf").write_text(config.format(**values))
        (self.folder / "oauth2.conf").write_text(OAUTH_23.format(**values))

    def start(self):
        self.process = subprocess.Popen([*self.prefix, "dovecot", "-F", "-c", self.folder / "dovecot.conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + DEADLINE
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection((self.listen, self.imap), timeout=5).close()
                return self
            assert self.process.poll() is None and time.monotonic() < end, self.log()
            time.sleep(0.05)

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(DEADLINE)

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder)

    @contextlib.contextmanager
    def client(self, user, folder="INBOX"):
        """A person at work: an imaplib session in a folder."""
        session = imaplib.IMAP4(self.listen, self.imap)
        session.login(user, PASSWORD)
        session.select(f'"{folder}"')
        try:
            yield session
        finally:
            session.logout()

    def append(self, user, *messages, flags="", folder="INBOX"):
        with self.client(user) as session:
            for message in messages:
                status, why = session.append(f'"{folder}"', flags, None, message)
                assert status == "OK", why

    def messages(self, user, folder="INBOX"):
        """[(subject, {flags})] in order; the set is without \\Recent."""
        with self.client(user, folder) as session:
            if session.state != "SELECTED":
                return []
            _, answer = session.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        found = []
        for line in answer:
            if isinstance(line, tuple):
                flags = set(line[0].decode().split("FLAGS (")[1].split(")")[0].split()) - {"\\Recent"}
                found.append((line[1].decode().split(":", 1)[1].strip(), flags))
        return found
