"""Runs its arguments as a shell runs a foreground job: says when it stops, continues it on `fg`.

To be started as the leader of a session, on a terminal.
"""

import fcntl
import os
import signal
import sys
import termios

fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # for tcsetpgrp() from the background
job = os.fork()
if not job:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    _, status = os.waitpid(job, os.WUNTRACED)
    has_terminal = os.tcgetpgrp(0) == job
    os.tcsetpgrp(0, os.getpgrp())
    if not os.WIFSTOPPED(status):
        break
    print("stopped by", signal.Signals(os.WSTOPSIG(status)).name, flush=True)
    assert os.read(0, 3) == b"fg\n"
    os.tcsetpgrp(0, job)
    os.killpg(job, signal.SIGCONT)
print("ended with", os.waitstatus_to_exitcode(status), "and the terminal:", has_terminal)
