#!/bin/sh
# Stand-in of the script that k3s's installer lays down. A recovery never runs it; a test sees here that nobody did.
echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $0 $*" >>/run/blackstart-uninstall-was-run
echo "$0: a stand-in of blackstart's tests; nothing was removed" >&2
exit 1
