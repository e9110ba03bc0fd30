// A target needs a source. This one is there for its precompiled headers (fanin.cmake).
