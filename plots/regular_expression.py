"""Whether fanin-load takes a regular expression, as PCRE2 says: that of Python is another one."""

import ctypes
import ctypes.util
import functools


@functools.cache
def _library():
    name = ctypes.util.find_library("pcre2-8")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.pcre2_compile_8.restype = ctypes.c_void_p
    library.pcre2_compile_8.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint32] + 3 * [ctypes.c_void_p]
    library.pcre2_code_free_8.argtypes = [ctypes.c_void_p]
    return library


def why_no_pattern(text):
    """Returns what is wrong with a regular expression; empty: nothing, or there is no PCRE2 that could tell."""
    library = _library()
    if library is None:
        return ""
    error, place = ctypes.c_int(), ctypes.c_size_t()
    content = text.encode("utf-8", "surrogatepass")
    code = library.pcre2_compile_8(content, len(content), 0, ctypes.byref(error), ctypes.byref(place), None)
    if code:
        library.pcre2_code_free_8(code)
        return ""
    message = ctypes.create_string_buffer(256)
    library.pcre2_get_error_message_8(error, message, ctypes.c_size_t(len(message)))
    return f"{message.value.decode()} at character {place.value + 1}"
