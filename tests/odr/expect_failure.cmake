# cmake -DCOMMAND=... -P expect_failure.cmake: the protection was taken out, so the command has to fail or to crash.
execute_process(COMMAND ${COMMAND} RESULT_VARIABLE result)
if(result EQUAL 0)
  message(SEND_ERROR "It passes without the protection that it tests")
endif()
