"""A real SMTP server (aiosmtpd) for tests: says "listening", then one JSON line for each mail that it has taken.

It has no mail box whose name begins with "gone" (550), and none that begins with "busy" takes mail now (451).
"""

import email
import email.policy
import json
import os
import sys

from aiosmtpd.controller import Controller


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone"):
            return "550 5.1.1 no such mail box"
        if address.startswith("busy"):
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        taken = {
            "to": envelope.rcpt_tos,
            "id": mail["Message-ID"],
            "references": mail["References"],
            "subject": mail["Subject"],
            "text": mail.get_content(),
        }
        print(json.dumps(taken), flush=True)
        return "250 OK"


controller = Controller(Handler(), hostname="127.0.0.1", port=int(sys.argv[1]))
controller.start()
print("listening", flush=True)
sys.stdin.read()
os._exit(0)
