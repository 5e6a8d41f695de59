# A file has at most MOST bytes.
#
#     cmake -DFILE=a.out -DMOST=1000 -P file.cmake
file(SIZE ${FILE} size)
message(STATUS "${size} bytes of at most ${MOST}")
if(size GREATER MOST)
  message(FATAL_ERROR "${FILE} has ${size} bytes, and may have ${MOST}")
endif()
