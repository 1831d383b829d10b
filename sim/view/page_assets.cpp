// The style and the script of the report page, as plots/report and the build made them, taken into the
// program.
#include <string_view>

#include "sim/view/page.h"

__asm__(
    ".pushsection .rodata\n"
    "straggle_page_style: .incbin \"" STRAGGLE_PAGE_STYLE
    "\"\n"
    "straggle_page_style_end:\n"
    "straggle_page_script: .incbin \"" STRAGGLE_PAGE_SCRIPT
    "\"\n"
    "straggle_page_script_end:\n"
    ".popsection\n");

extern "C" const char straggle_page_style[], straggle_page_style_end[], straggle_page_script[],
    straggle_page_script_end[];

namespace straggle {

const PageAssets& page_assets() {
  static const PageAssets assets{
      .style = {straggle_page_style, straggle_page_style_end},
      .script = {straggle_page_script, straggle_page_script_end},
  };
  return assets;
}

}  // namespace straggle
