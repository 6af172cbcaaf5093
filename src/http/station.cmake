# Both are served as they stand here.
seckill_embed(seckill_http http_pages ${CMAKE_CURRENT_LIST_DIR}/openapi.yaml
              ${CMAKE_CURRENT_LIST_DIR}/problems.md)
