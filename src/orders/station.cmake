# The rows' shapes travel in the binary, in the order of their numbers.
file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/orders/schema/sqlite/*.sql)
seckill_embed(seckill_orders sqlite_migrations ${migrations})
