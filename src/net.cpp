// The engine of nets: with all operations in it as tenfold::net, with those of the library as a part of
// tenfold::compiled.
#define TENFOLD_NET_LIBRARY
#include <tenfold/net.hpp>

namespace tenfold::inline v0::compiled {

TENFOLD_SHARED std::shared_ptr<const net_engine> make_net_engine(graph description, const net_options& options);
std::shared_ptr<const net_engine> make_net_engine(graph description, const net_options& options) {
  return detail::make_net_engine(std::move(description), options);
}

}  // namespace tenfold::inline v0::compiled
