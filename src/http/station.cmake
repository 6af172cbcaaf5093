# src/http/openapi.yaml is served as it stands here.
seckill_embed(seckill_http http_pages ${CMAKE_CURRENT_LIST_DIR}/openapi.yaml)
