"""Loggers that modules make when they are imported: `logging` knows them by their names, whoever made them.

A task that goes through all loggers (`dictConfig` disables those that are there) must not find those of hidden modules,
and a module that is given must have the logger that the task has made by its name before.
"""

import sys

_made = {}  # name of a module → {name: logger} that its import made
_handlers = {}  # name of a module → weak references to handlers that its import made


def names():
    """Of all loggers and, apart from those, of all handlers; for `note`."""
    logging = sys.modules.get("logging")
    # It may be in the middle of its own import.
    manager = getattr(getattr(logging, "Logger", None), "manager", None)
    if manager is None:
        return {}, []
    loggers = {name: each for name, each in manager.loggerDict.items() if isinstance(each, logging.Logger)}
    return loggers, list(logging._handlerList)


def note(module, loggers, handlers):
    """What the import of a module has added: remembers it, and returns both."""
    new_loggers, new_handlers = names()
    if len(new_loggers) == len(loggers) and len(new_handlers) == len(handlers):
        return {}, []
    made = {name: each for name, each in new_loggers.items() if name not in loggers}
    known = set(map(id, handlers))
    added = [each for each in new_handlers if id(each) not in known]
    if made:
        _made[module] = made
    if added:
        _handlers[module] = added
    return made, added


def hide(logging):
    """Takes all that modules made out of the module `logging`, which may be None."""
    if not hasattr(logging, "root"):
        return
    hidden = {id(each) for added in _handlers.values() for each in added}
    logging._handlerList[:] = [each for each in logging._handlerList if id(each) not in hidden]
    known = logging.Logger.manager.loggerDict
    hidden = {name for made in _made.values() for name in made}
    kept = [each for name, each in known.items() if name not in hidden and isinstance(each, logging.Logger)]
    # With what stands for parents of hidden ones.
    known.clear()
    known.update({each.name: each for each in kept})
    for each in kept:
        logging.Logger.manager._fixupParents(each)


def makers():
    """Names of the modules that `give` is for."""
    return {*_made, *_handlers}


def replaced(module):
    """Why its loggers would be others, had they been made by the task; or None."""
    logging = sys.modules.get("logging")
    if module not in _made or not hasattr(logging, "root"):
        return None
    manager = logging.Logger.manager
    if logging._loggerClass is not logging.Logger or manager.loggerClass is not None:
        return "the class of loggers"
    for name, mine in _made[module].items():
        there = manager.loggerDict.get(name)
        if isinstance(there, logging.Logger) and type(there) is not type(mine):
            return f"the logger {name}"
    return None


def give(module, logging):
    """What the module has made is there again; `logging` is the module of that name, which the task may not have yet."""
    logging._handlerList += _handlers.get(module, ())
    manager = logging.Logger.manager
    for name, mine in _made.get(module, {}).items():
        there = manager.loggerDict.get(name)
        if isinstance(there, logging.Logger):
            # The task has made it, and the module's import would have been given that one: one state for both.
            for handler in mine.handlers:
                there.addHandler(handler)
            there.filters += mine.filters
            if mine.level:
                there.level = mine.level
            there.propagate = there.propagate and mine.propagate
            mine.__dict__ = there.__dict__
            there._cache.clear()
            continue
        manager.loggerDict[name] = mine
        if there is not None:
            manager._fixupChildren(there, mine)
        manager._fixupParents(mine)
        mine._cache.clear()
