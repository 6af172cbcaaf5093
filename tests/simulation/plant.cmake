# Plants bugs in copies of our own sources: nothing in src/ knows of them, and the program that plays
# the sound world does not even contain them.
#
#   plant(NAME "what it does" "I1 | I2" ledger/book.cc [[text as it is]] [[text as it becomes]] ...)
#
# In the new text, PLANTED is true while the canary sings. The old text must be there exactly once;
# where it is not any more, the canary cannot be planted: a warning here, and its test fails.
# Only for .cc files: a copy takes the place of the whole object of a library.

set(planted_shared false)  # true: it is looked for among several nodes
set_property(GLOBAL PROPERTY planted_files "")
set_property(GLOBAL PROPERTY planted_rows "")
set_property(GLOBAL PROPERTY planted_names "")
set_property(GLOBAL PROPERTY planted_count 0)

function(plant name does breaks file)
  set_property(GLOBAL APPEND PROPERTY planted_names ${name})  # also if it cannot be: its test fails
  get_property(count GLOBAL PROPERTY planted_count)
  get_property(files GLOBAL PROPERTY planted_files)
  if(NOT file IN_LIST files)
    set_property(GLOBAL APPEND PROPERTY planted_files ${file})
    file(READ ${CMAKE_SOURCE_DIR}/src/${file} text)
    set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${file})
  else()
    get_property(text GLOBAL PROPERTY "planted_text_${file}")
  endif()
  set(whole "${text}")
  set(at 4)
  while(at LESS ARGC)
    math(EXPR behind "${at} + 1")
    set(before "${ARGV${at}}")
    string(FIND "${text}" "${before}" first)
    string(FIND "${text}" "${before}" last REVERSE)
    if(first EQUAL -1 OR NOT first EQUAL last)
      message(WARNING "canary ${name}: src/${file} has changed, and it cannot be planted any more; "
                      "look at tests/simulation/planted*.cmake. Not there, or not once:\n${before}")
      set_property(GLOBAL PROPERTY "planted_text_${file}" "${whole}")
      return()
    endif()
    string(REPLACE "PLANTED" "::seckill::simulation::planted[${count}]" after "${ARGV${behind}}")
    string(REPLACE "${before}" "${after}" text "${text}")
    math(EXPR at "${at} + 2")
  endwhile()
  set_property(GLOBAL PROPERTY "planted_text_${file}" "${text}")
  set_property(GLOBAL APPEND_STRING PROPERTY planted_rows
    "    {{\"${name}\", \"${does}\", \" ${breaks} \", ${planted_shared}}, ${count}},\n")
  math(EXPR count "${count} + 1")
  set_property(GLOBAL PROPERTY planted_count ${count})
endfunction()

function(write_if_new path text)
  set(was "")
  if(EXISTS ${path})
    file(READ ${path} was)
  endif()
  if(NOT was STREQUAL text)
    file(WRITE ${path} "${text}")
  endif()
endfunction()

# Puts the sources that carry the bugs, and the list of them, into the variable.
function(planted_sources to)
  set(sources "")
  get_property(files GLOBAL PROPERTY planted_files)
  foreach(file ${files})
    get_property(text GLOBAL PROPERTY "planted_text_${file}")
    set(copy ${CMAKE_CURRENT_BINARY_DIR}/planted/${file})
    write_if_new(${copy} "#include \"planted.h\"\n#line 1 \"src/${file}\"\n${text}")
    list(APPEND sources ${copy})
  endforeach()
  get_property(rows GLOBAL PROPERTY planted_rows)
  get_property(count GLOBAL PROPERTY planted_count)
  set(list ${CMAKE_CURRENT_BINARY_DIR}/planted/planted_list.cc)
  write_if_new(${list} "// Made by plant.cmake.
#include \"planted.h\"

namespace seckill::simulation {
namespace {
constexpr PlantedBug kBugs[] = {
${rows}};
}
std::span<const PlantedBug> planted_bugs() { return kBugs; }
bool planted[${count}] = {};
void plant(std::size_t bug, bool sings) { planted[bug] = sings; }
}  // namespace seckill::simulation
")
  list(APPEND sources ${list})
  set(${to} ${sources} PARENT_SCOPE)
endfunction()
