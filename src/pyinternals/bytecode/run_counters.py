"""Counts, in the child of ``dis --run``, how often each code unit is executed.

With `sys.monitoring` (PEP 669, 3.12+) or a trace function with opcode events (3.11). Both keep the
instructions they watch from being specialised, so what is counted is the generic form of the
program; `specialisation` says how the two differ. Loaded by `run_child`; imports no more than it
must.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

TOOL_NAME = "pyinternals"


class Counter:
    """How often each code unit was executed, and how often a frame was entered there."""

    def __init__(self, codes: "list[CodeType]") -> None:
        self.codes = codes
        self.executed = {id(code): [0] * (len(code.co_code) // 2) for code in codes}
        self.entered = {id(code): [0] * (len(code.co_code) // 2) for code in codes}

    def start(self) -> None:
        """Count from here on."""

    def stop(self) -> "list[str]":
        """Count no more. Returns why the counts are not complete."""
        return []


class MonitoringCounter(Counter):
    """By `sys.monitoring`, for these code objects alone: all other code runs as always (3.12+)."""

    def __init__(self, codes: "list[CodeType]") -> None:
        super().__init__(codes)
        executed, entered = self.executed, self.entered
        key = id

        # no call or jump between reading and writing the number: no other thread gets in
        def on_instruction(code: "CodeType", offset: int) -> None:
            executed[key(code)][offset >> 1] += 1

        def on_entry(code: "CodeType", offset: int) -> None:
            entered[key(code)][offset >> 1] += 1

        self.monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        events = self.monitoring.events
        self.events = events.INSTRUCTION | events.PY_START | events.PY_RESUME
        self.callbacks = {
            events.INSTRUCTION: on_instruction,
            events.PY_START: on_entry,
            events.PY_RESUME: on_entry,
        }
        self.tool = 0
        self.is_disturbed = False

    def start(self) -> None:
        """Take the highest tool that is free: programs ask for the low ones."""
        monitoring = self.monitoring
        self.tool = max(
            tool for tool in range(6) if monitoring.get_tool(tool) is None and tool != 5
        )
        monitoring.use_tool_id(self.tool, TOOL_NAME)
        for event, callback in self.callbacks.items():
            monitoring.register_callback(self.tool, event, callback)
        for code in self.codes:
            monitoring.set_local_events(self.tool, code, self.events)

        def on_audit(event: str, arguments: "Any") -> None:
            if event in _TRACING_EVENTS:
                self.is_disturbed = True

        sys.addaudithook(on_audit)

    def stop(self) -> "list[str]":
        """See whether everything is still as `start` left it."""
        problems = [_TRACED] if self.is_disturbed else []
        if "threading" in sys.modules and not getattr(sys, "_is_gil_enabled", lambda: True)():
            problems.append(_NO_GIL)
        monitoring = self.monitoring
        if monitoring.get_tool(self.tool) != TOOL_NAME:
            return [*problems, _TOOL_CHANGED]
        events = [monitoring.get_local_events(self.tool, code) for code in self.codes]
        for code in self.codes:
            monitoring.set_local_events(self.tool, code, 0)
        callbacks = [
            monitoring.register_callback(self.tool, event, None) for event in self.callbacks
        ]
        if set(events) != {self.events} or callbacks != list(self.callbacks.values()):
            problems.append(_TOOL_CHANGED)
        return problems


_TRACING_EVENTS = ("sys.settrace", "sys.setprofile", "sys.monitoring.register_callback")
_TRACED = "the program traces itself, and while its trace functions run nothing is counted"
_TOOL_CHANGED = "the program changed or freed the sys.monitoring tool that counts"
_NO_GIL = "without the GIL, threads that count at the same moment lose counts"


class TracingCounter(Counter):
    """By a trace function with opcode events (3.11)."""

    def __init__(self, codes: "list[CodeType]") -> None:
        super().__init__(codes)
        executed, entered = self.executed, self.entered
        key = id
        self.is_disturbed = False
        self.set_trace = sys.settrace

        def on_opcode(frame: "FrameType", event: str, argument: "Any") -> "Any":
            if event == "opcode":
                executed[key(frame.f_code)][frame.f_lasti >> 1] += 1
            return on_opcode

        def on_call(frame: "FrameType", event: str, argument: "Any") -> "Any":
            units = entered.get(key(frame.f_code))
            if units is None:
                return None
            units[frame.f_lasti >> 1] += 1
            frame.f_trace_lines = False
            frame.f_trace_opcodes = True
            return on_opcode

        self.on_call = on_call

    def start(self) -> None:
        """Trace this thread and all that will be started.

        No audit hook notices what becomes of the trace function: 3.11 calls it with an exception set.
        """
        import _thread
        import threading

        start_thread = _thread.start_new_thread
        set_trace = sys.settrace

        def traced(function: "Any", arguments: "Any", keywords: "Any") -> None:
            set_trace(self.on_call)
            try:
                function(*arguments, **keywords)
            finally:
                self.is_disturbed |= sys.gettrace() is not self.on_call

        def start_new_thread(function: "Any", arguments: "Any", keywords: "Any" = None) -> "Any":
            return start_thread(traced, (function, arguments, keywords or {}))

        def settrace(function: "Any") -> None:
            self.is_disturbed = True
            set_trace(function)

        for module, name, replacement in (
            (_thread, "start_new_thread", start_new_thread),
            (threading, "_start_new_thread", start_new_thread),
            (sys, "settrace", settrace),
        ):
            setattr(module, name, replacement)
        self.set_trace = set_trace
        set_trace(self.on_call)

    def stop(self) -> "list[str]":
        """See whether the trace function is still in its place."""
        if sys.gettrace() is not self.on_call:
            self.is_disturbed = True
        self.set_trace(None)
        return [_TRACE_LOST] if self.is_disturbed else []


_TRACE_LOST = "the trace function that counts was replaced, or dropped at the recursion limit"


def counter_for(codes: "list[CodeType]") -> Counter:
    """The counter for this version."""
    return MonitoringCounter(codes) if hasattr(sys, "monitoring") else TracingCounter(codes)
