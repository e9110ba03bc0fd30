// io-uring-multishot: one thread, completion I/O, multishot operations and provided buffers.
//
// Idea: One accept serves all connections of a listener and one receive all requests of a connection: each completes
//   repeatedly until a completion lacks IORING_CQE_F_MORE. The kernel picks the buffer when the bytes arrive, from a
//   ring of provided buffers, and the reply is made straight from it.
// Costs per idle connection: its state only; all connections share --buffers of --read-cap bytes. Per request: one
//   operation (the send) and two completions, with one io_uring_enter per batch.
// Requires: multishot receive (Linux 6.0); uses deferred task work where available (6.1).
// Known limit: RLIMIT_NOFILE. Without a free buffer a receive ends with ENOBUFS and is armed again. All buffers of
//   the batch have been recycled by the time that is submitted, because none outlives the handling of its bytes.
// Try: fanin-server io-uring-multishot --port 7000 --buffers 1, then `nc 127.0.0.1 7000` several times.
// Changes from `io-uring`: receives continue while a reply is in flight, so the input of a client that does not read
//   is bounded by cancelling the receive, and a connection is closed after the completion of its last operation.
#include <cerrno>
#include <memory>

#include "servers/connection.h"
#include "servers/model.h"
#include "servers/uring/ring.h"

namespace fanin::server {
namespace {

enum Kind : std::uint8_t { kReceive, kSend };

struct Client {
  std::unique_ptr<Connection> connection;
  bool receiving = false;   // its receive is armed
  bool cancelling = false;  // and is being cancelled
  bool sending = false;
};

class MultishotLoop {
 public:
  explicit MultishotLoop(Server& server)
      : server_(server),
        ring_(server.options().model.ring_entries,
              {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_COOP_TASKRUN}),
        buffers_(ring_.get(), server.options().model.buffers, server.options().read_cap),
        acceptor_(ring_, server, RingAcceptor::Shots::kMany) {}

  void run() {
    serve_until_drained(ring_, clients_, [this](const Completion& completion) { on_completion(completion); });
  }

 private:
  void on_completion(const Completion& completion) {
    if (RingAcceptor::owns(completion)) {
      return admit(acceptor_.on_completion(completion, clients_.size()));
    }
    Client& client = *clients_.find(completion.tag.owner);
    completion.tag.kind == kReceive ? on_received(client, completion) : on_sent(client, completion.result);
    resume(completion.tag.owner, client);
  }

  void admit(Listener::Accepted accepted) {
    if (accepted.status == Listener::Status::kConnection) {
      auto connection = std::make_unique<Connection>(std::move(accepted.socket), server_);
      connection->start();
      const SlotId id = clients_.insert({std::move(connection)});
      resume(id, *clients_.find(id));
    } else if (accepted.status == Listener::Status::kStopped) {
      shutdown_all(clients_, SHUT_RD);
    }
  }

  void on_received(Client& client, const Completion& completion) {
    client.receiving = (completion.flags & IORING_CQE_F_MORE) != 0;
    client.cancelling &= client.receiving;
    const bool serving = client.connection->next() != Connection::Next::kClose;
    if (completion.result > 0) {
      if (serving) {
        client.connection->on_received(buffers_.received(completion.flags, completion.result));
      }
      buffers_.recycle(completion.flags);
    } else if (serving && completion.result != -ENOBUFS && completion.result != -ECANCELED) {
      client.connection->on_end(-completion.result);
    }
  }

  void on_sent(Client& client, int result) {
    client.sending = false;
    if (client.connection->next() != Connection::Next::kClose) {
      result < 0 ? client.connection->on_end(-result) : client.connection->on_sent(static_cast<std::size_t>(result));
    }
  }

  // Starts what the connection waits for and is not in flight, or destroys it after its last completion.
  void resume(SlotId id, Client& client) {
    switch (client.connection->next()) {
      case Connection::Next::kRead:
        if (!client.receiving) {
          ring_.receive(buffers_, client.connection->fd(), {kReceive, id});
          client.receiving = true;
        }
        return;
      case Connection::Next::kClose:
        if (!client.receiving && !client.sending) {
          return clients_.erase(id);
        }
        return cancel_receive(id, client);
      default:
        if (!client.sending) {
          ring_.send(client.connection->fd(), client.connection->unsent(), {kSend, id});
          client.sending = true;
        }
        // Another buffer's worth while a reply waits: that client does not read its replies.
        if (client.connection->input_waiting() > server_.options().read_cap) {
          cancel_receive(id, client);
        }
    }
  }

  void cancel_receive(SlotId id, Client& client) {
    if (client.receiving && !client.cancelling) {
      ring_.cancel({kReceive, id});
      client.cancelling = true;
    }
  }

  Server& server_;
  SlotTable<Client> clients_;
  Ring ring_;
  net::BufferRing buffers_;
  RingAcceptor acceptor_;
};

// There is no probe for multishot receive; IORING_OP_SEND_ZC came with the same kernel.
std::optional<std::string> probe() { return net::why_no_io_uring({{IORING_OP_SEND_ZC, "6.0"}}); }

void run(Server& server) { MultishotLoop(server).run(); }

}  // namespace

extern const ServerModel kIoUringMultishot{
    .name = "io-uring-multishot",
    .summary = "one thread, io_uring, multishot accept and receive, provided buffers",
    .run = run,
    .probe = probe,
    .family = "completion",
    .threads = ServerModel::Threads::kOne,
    .takes = "ring-entries buffers"};

}  // namespace fanin::server
