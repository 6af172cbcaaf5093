// Finds a server's address and checks that it is on this machine. For the .cc files that speak
// Asio only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/result.h"
#include "drill/wire.h"

namespace seckill {

// The first of the name's addresses that accepts a connection within a second.
Result<boost::asio::ip::tcp::endpoint> endpoint_of(boost::asio::io_context& loop,
                                                   const Address& address, bool allow_remote);

}  // namespace seckill
