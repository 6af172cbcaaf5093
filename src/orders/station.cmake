# The rows' shapes travel in the binary, in the order of their numbers.
file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/orders/schema/sqlite/*.sql)
seckill_embed(seckill_orders sqlite_migrations ${migrations})
file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/orders/schema/mysql/*.sql)
seckill_embed(seckill_orders mysql_migrations ${migrations})

find_package(PkgConfig REQUIRED)
pkg_check_modules(MARIADB REQUIRED IMPORTED_TARGET libmariadb)
target_link_libraries(seckill_orders PUBLIC PkgConfig::MARIADB)
