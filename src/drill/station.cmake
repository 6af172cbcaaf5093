seckill_embed(seckill_drill report_style ${CMAKE_CURRENT_LIST_DIR}/report.css)
