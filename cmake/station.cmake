# seckill_station(NAME LINK libs…): library seckill_NAME of src/NAME/*.cc, and program NAME_test of src/NAME/*_test.cc.
# Files are globbed: a file that is in the folder is in the station. Target unit_tests builds all of
# the stations' tests; ctest -L unit runs them.
add_custom_target(unit_tests)

function(seckill_station name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(sources)
    add_library(seckill_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(seckill_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(seckill_${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(seckill_${name} ${scope} ${ARG_LINK})
  include(${CMAKE_SOURCE_DIR}/src/${name}/station.cmake OPTIONAL)  # what only this station needs
  if(SECKILL_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE seckill_${name} GTest::gtest GTest::gtest_main)
    target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)  # "support/…"
    target_compile_definitions(${name}_test PRIVATE SECKILL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    gtest_discover_tests(${name}_test DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit)
    add_dependencies(unit_tests ${name}_test)
  endif()
endfunction()
