#include "peer.h"

namespace poise::bench {

std::unique_ptr<Peer> torch_peer(int) { return nullptr; }

}  // namespace poise::bench
