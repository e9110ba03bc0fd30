# Writes build_facts.cc if a fact has changed. Runs at every build, because the commit changes between builds.
execute_process(COMMAND git rev-parse HEAD WORKING_DIRECTORY ${SOURCE_DIR}
                OUTPUT_VARIABLE GIT_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  set(GIT_COMMIT "")
endif()
execute_process(COMMAND git status --porcelain --untracked-files=no WORKING_DIRECTORY ${SOURCE_DIR}
                OUTPUT_VARIABLE changes ERROR_QUIET)
set(GIT_DIRTY "false")
if(NOT "${changes}" STREQUAL "")
  set(GIT_DIRTY "true")
endif()
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
