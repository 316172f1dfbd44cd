#include "peer.h"

namespace poise::bench {

std::unique_ptr<Peer> opencv_peer(int) { return nullptr; }

}  // namespace poise::bench
