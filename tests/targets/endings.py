"""Ends as its argument says."""

import atexit
import os
import signal
import sys
import threading


def work():
    return sum(i for i in range(100))


def at_exit():
    return work()


def in_thread(main_has_ended):
    main_has_ended.wait()
    return work()


def failing():
    raise ValueError("as asked")


work()
how = sys.argv[1]
if how == "return":
    pass
elif how == "exit-3":
    sys.exit(3)
elif how == "exit-text":
    sys.exit("goodbye")
elif how == "raise":
    failing()
elif how == "interrupt-itself":
    raise KeyboardInterrupt
elif how == "kill-itself":
    os.kill(os.getpid(), signal.SIGKILL)
elif how == "_exit":
    os._exit(4)
elif how == "exec":
    os.execv(sys.executable, [sys.executable, "-c", "raise SystemExit(6)"])
elif how == "fork":
    child = os.fork()
    if not child:
        work()
        sys.exit(5)
    os.waitpid(child, 0)
elif how == "closes-all-files":
    os.closerange(3, 65536)
elif how == "no-files":
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
elif how == "clears-temporary-files":
    import glob
    import shutil
    import tempfile

    for path in glob.glob(tempfile.gettempdir() + "/pyinternals-*"):
        shutil.rmtree(path, ignore_errors=True)
elif how == "breaks-sys":
    sys.modules = None
elif how == "lists-files-of-a-child":
    import subprocess

    subprocess.run(["ls", "/proc/self/fd"], close_fds=False, stdin=subprocess.DEVNULL)
elif how == "exit-handler":
    atexit.register(at_exit)
elif how == "thread":
    event = threading.Event()
    threading.Thread(target=in_thread, args=(event,)).start()
    # set once the main thread is being waited for at its end
    threading._register_atexit(event.set)
elif how == "forever":
    os.write(1, b"ready\n")
    while True:
        pass
elif how == "forever-deaf":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.write(1, b"ready\n")
    while True:
        pass
elif how == "forever-with-child":
    import subprocess

    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    os.write(1, b"ready\n")
    child.wait()
elif how == "forever-tidy":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("tidied up"))
    os.write(1, b"ready\n")
    while True:
        pass
elif how == "megabytes":
    for _ in range(64):
        sys.stdout.write("x" * 65535 + "\n")
        sys.stderr.write("y" * 65535 + "\n")
elif how == "without-builtins":
    import builtins
    import marshal

    for name in ("open", "id", "len", "print", "getattr", "isinstance"):
        delattr(builtins, name)
    os.getpid = os.rename = marshal.dumps = None
elif how == "own-tool":
    if hasattr(sys, "monitoring"):
        for tool in range(6):
            if sys.monitoring.get_tool(tool):
                sys.monitoring.free_tool_id(tool)
    else:
        sys.settrace(lambda *arguments: None)
        sys.settrace(None)
elif how == "bare-thread":
    import _thread

    lock = _thread.allocate_lock()
    lock.acquire()
    _thread.start_new_thread(lambda: (work(), lock.release()), ())
    lock.acquire()
elif how == "recursion-limit":

    def endless():
        endless()

    try:
        endless()
    except RecursionError:
        work()
elif how == "own-trace":
    sys.settrace(lambda *arguments: work() and None)
    at_exit()
    sys.settrace(None)
elif how == "differently":
    # the first run leaves a file behind that the second one finds
    marker = sys.argv[2]
    if not os.path.exists(marker):
        open(marker, "w").close()
        for _ in range(100):
            at_exit()
