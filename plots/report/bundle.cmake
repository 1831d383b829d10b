# Bundles page.js with ECharts, as small as it gets, into one script with the licences of what is in it:
#   cmake -DFROM=plots/report -DINTO=FOLDER -P bundle.cmake
# writes FOLDER/page.js, and FOLDER/bundled when that worked. Where it cannot (no node, no npm, no registry), page.js is
# empty, a warning says why, and the next build tries again: the rest of the project needs none of this.
function(write_if_different file text)
  if(EXISTS "${file}")
    file(READ "${file}" before)
    if("${before}" STREQUAL "${text}")
      return()
    endif()
  endif()
  file(WRITE "${file}" "${text}")
endfunction()

macro(go_on_without reason)
  write_if_different("${INTO}/page.js" "")
  message(WARNING "straggle report will write pages without interactive charts (pictures and tables only): ${reason}")
  return()
endmacro()

function(bundle)
  file(REMOVE "${INTO}/bundled")
  find_program(node NAMES node nodejs)
  find_program(npm npm)
  if(NOT node OR NOT npm)
    go_on_without("there is no node or no npm; ./dev build installs them.")
  endif()

  # The packages live beside the build; installed again when the list of them has changed.
  foreach(file package.json package-lock.json .npmrc)
    file(READ "${FROM}/${file}" text)
    string(APPEND wanted "${text}")
    configure_file("${FROM}/${file}" "${INTO}/${file}" COPYONLY)
  endforeach()
  set(installed "")
  if(EXISTS "${INTO}/installed")
    file(READ "${INTO}/installed" installed)
  endif()
  if(NOT "${installed}" STREQUAL "${wanted}")
    file(REMOVE "${INTO}/installed")
    execute_process(COMMAND "${npm}" ci WORKING_DIRECTORY "${INTO}" RESULT_VARIABLE status OUTPUT_VARIABLE said
                    ERROR_VARIABLE said)
    if(NOT status EQUAL 0)
      string(SUBSTRING "${said}" 0 400 said)
      go_on_without("npm cannot install what ${FROM}/package-lock.json lists; it says:\n${said}")
    endif()
    file(WRITE "${INTO}/installed" "${wanted}")
  endif()

  set(packages "${INTO}/node_modules")
  execute_process(COMMAND "${CMAKE_COMMAND}" -E env "NODE_PATH=${packages}" "${node}" "${packages}/esbuild/bin/esbuild"
                          "${FROM}/page.js" --bundle --minify --format=iife --target=es2020 --charset=utf8
                          --legal-comments=none --log-level=warning "--outfile=${INTO}/bundle.js"
                  RESULT_VARIABLE status ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "esbuild cannot bundle ${FROM}/page.js:\n${said}")
  endif()
  foreach(licence echarts/NOTICE echarts/LICENSE echarts/licenses/LICENSE-d3 zrender/LICENSE)
    file(READ "${packages}/${licence}" text)
    string(REPLACE "*/" "* /" text "${text}")
    string(APPEND notice "${licence}\n\n${text}\n")
  endforeach()
  file(READ "${INTO}/bundle.js" code)
  write_if_different("${INTO}/page.js" "/*! This script contains Apache ECharts and ZRender.\n\n${notice}*/\n${code}")
  file(TOUCH "${INTO}/bundled")
endfunction()

bundle()
