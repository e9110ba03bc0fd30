#pragma once

#include <string_view>

namespace fanin::load {

// What a reason of a verdict is about: a word for a row of a table, and what stands below the table for it.
struct Note {
  std::string_view code;
  std::string_view meaning;
};

inline constexpr Note kNoteLate{
    "late", "requests left later than the tolerance after their time, the generator's or the machine's doing"};
inline constexpr Note kNoteBehind{"behind", "under 95 % of the replies had come when the window closed"};
inline constexpr Note kNoteQueue{"accept-queue", "connects were dropped, since the server's accept queue was full"};
inline constexpr Note kNoteConnections{"connections", "connections were missing, lost, or not served"};
inline constexpr Note kNoteNotClosed{"not-closed", "the server did not close connections that it was to close"};
inline constexpr Note kNoteMismatch{"mismatch", "replies were not what protocol and payload ask for"};
inline constexpr Note kNoteUnsolicited{"unsolicited", "the server sent bytes that no request had asked for"};
inline constexpr Note kNoteMembers{"members", "members of the chat did not receive one another's lines"};
inline constexpr Note kNoteNone{"no-reply", "no request was due, sent, or completed in the window"};
inline constexpr Note kNoteFew{"few-replies", "too few replies came within the window to tell a rate"};
inline constexpr Note kNoteErrors{"errors", "requests failed or were not answered"};
inline constexpr Note kNoteGaveUp{"gave-up", "no connection was left to make the number of requests"};
inline constexpr Note kNoteUnsteady{"unsteady", "the throughput was not steady when the warm-up ended"};
inline constexpr Note kNoteInterrupted{"interrupted", "the window is shorter than asked"};
inline constexpr Note kNoteClient{"client-limited", "the generator was at its limit, so the server may be faster"};
inline constexpr Note kNoteUnreachable{"unreachable", "the window never opened"};
inline constexpr Note kNoteLong{"long-replies", "replies take longer than the window"};
inline constexpr Note kNoteDown{"down", "connections were lost for a part of the window"};
inline constexpr Note kNoteSilent{"silent", "no reply came for a part of the window: server or machine stood still"};
inline constexpr Note kNoteLittle{"littles-law",
                                  "throughput times response time is not the number of requests in flight"};

}  // namespace fanin::load
