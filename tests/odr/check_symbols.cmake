# No object's code has the name of another object's with other flags.
#
#     cmake -DOBJECTS=a.o,b.o -DNM=nm -DOBJDUMP=objdump -P check_symbols.cmake
#
# Each object has one token of flags, and none has another's. Without a token are: the user's own functions, what is
# shared on purpose, and templates of std; of these, none that the linker might keep contains an instruction of AVX or
# BMI, for a machine that has none.
cmake_minimum_required(VERSION 3.24)

string(REPLACE "," ";" objects "${OBJECTS}")
set(shared
  "^(DW[.]ref[.])?_ZT[ISV]N7tenfold2v05errorE$" # error's type information and virtual table
  "^_ZT[IS]F"                               # the type information of functions, for clang's sanitizer
  "^_ZN7tenfold2v05errorD[0125]Ev$"         # and its destructor
  "^_ZN7tenfold2v012shared_state"           # data
  "^_ZN7tenfold2v0(4same|5valid|10activation[0-9]+[a-z_]+)E$"  # constants
  "^_ZN7tenfold2v0[0-9]+[a-z0-9_]+C[12]Ev$" # aggregates begun by their members' initialisers
  "^_ZNK?[RO]?St|^_ZSt|^_ZNK?[RO]?9__gnu_cxx|^_ZN9__gnu_cxx")
set(new_instruction "\t(v[a-u][a-z0-9]+|vxor[a-z]+|vzero[a-z]+|andn|bextr|bls[a-z]+|bzhi|mulx|pdep|pext|rorx|s[ahr][lr]x) ")
set(tokens)
set(failed FALSE)
foreach(object IN LISTS objects)
  execute_process(COMMAND ${NM} --defined-only ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "flags_[0-9]+_[0-9]+_" found "${symbols}")
  list(REMOVE_DUPLICATES found)
  list(LENGTH found count)
  if(NOT count EQUAL 1 OR found IN_LIST tokens)
    message(SEND_ERROR "${object}: ${found}: not a token of its own")
  endif()
  list(APPEND tokens ${found})
  string(REGEX MATCHALL "[WVu] [^ \n]+" weak "${symbols}")
  set(sections)
  foreach(symbol IN LISTS weak)
    string(SUBSTRING "${symbol}" 2 -1 symbol)
    if(symbol MATCHES "flags_[0-9]")
      continue()
    endif()
    list(APPEND sections -j .text.${symbol} -j .text.unlikely.${symbol})
    set(ok FALSE)
    foreach(pattern IN LISTS shared)
      if(symbol MATCHES "${pattern}")
        set(ok TRUE)
      endif()
    endforeach()
    if(symbol MATCHES "tenfold" AND NOT ok)
      message(SEND_ERROR "${object}: ${symbol} does not tell the flags")
    endif()
  endforeach()
  if(sections)
    execute_process(COMMAND ${OBJDUMP} -d --no-show-raw-insn ${sections} ${object} OUTPUT_VARIABLE code ERROR_QUIET)
    if(code MATCHES "${new_instruction}[^\n]*")
      message(SEND_ERROR "${object}: shared code has '${CMAKE_MATCH_0}'")
    endif()
  endif()
endforeach()
