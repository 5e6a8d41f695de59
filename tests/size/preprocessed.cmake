# tenfold's own lines of a preprocessed header are at most MOST.
#
#     cmake "-DPREPROCESS=c++;-E;-x;c++;/dev/null;-include" -DHEADER=tenfold.hpp -DMOST=10000 -P preprocessed.cmake
execute_process(COMMAND ${PREPROCESS} ${HEADER} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "[][;\\]" "," text "${text}")  # what a list of CMake's would make something of
string(REPLACE "\n" ";" text "${text}")
set(count 0)
set(own FALSE)
foreach(line IN LISTS text)
  if(line MATCHES "^# [0-9]+ \"")
    string(REGEX MATCH "^# [0-9]+ \"[^\"]*/tenfold/[^\"]*\"" own "${line}")
  elseif(own AND line MATCHES "[^ ]")
    math(EXPR count "${count} + 1")
  endif()
endforeach()
message(STATUS "${count} lines of at most ${MOST}")
if(count LESS 1000 OR count GREATER MOST)
  message(FATAL_ERROR "${HEADER} has ${count} lines of its own, and may have ${MOST}")
endif()
