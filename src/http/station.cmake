# Both are served as they stand here.
seckill_embed(seckill_http http_pages ${CMAKE_CURRENT_LIST_DIR}/openapi.yaml
              ${CMAKE_CURRENT_LIST_DIR}/problems.md)

# The pages: built by web/build.mjs, committed, so that this needs no Node.
file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/dist/*)
seckill_embed(seckill_http web_pages ${pages})
find_package(ZLIB REQUIRED)
target_link_libraries(seckill_http PRIVATE ZLIB::ZLIB)
