#pragma once

#include <string>

namespace fanin {

struct ClientProtocolOptions;

// The request for the options of http, as sent. Throws std::invalid_argument naming an option that would break the
// request's form or contradicts another.
std::string make_http_request(const ClientProtocolOptions& options);

// Whether a header is a Connection field with the option close: the request is then the last of its connection (RFC
// 9112, 9.6).
bool asks_to_close(const ClientProtocolOptions& options);

// The same request, asking the server to close the connection.
std::string make_last_http_request(ClientProtocolOptions options);

}  // namespace fanin
