"""The claims that `fanin claims` tried: their charts, the report, and the part of the documents."""
