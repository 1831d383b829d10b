// straggle man: the manual page straggle(1), made of the tables of the commands.
#include <fmt/format.h>

#include <iostream>

#include "sim/base/version.h"
#include "sim/commands/arguments.h"
#include "sim/commands/help.h"

namespace straggle {
namespace {

int man_command(const Arguments& arguments);

const CommandRegistration registration({
    .name = "man",
    .summary = "the manual page, as man reads it",
    .description =
        R"(Prints straggle(1), a page with all commands and options, in the language of man (roff). `straggle man | man -l
-` shows it; as straggle.1 in a folder man1 below one of those that `manpath` names it is what `man straggle` shows.)",
    .example = "straggle man",
    .run = man_command,
});

/// Text of which roff takes nothing for a request or an escape; what is in `back quotes` is bold.
std::string roff(const std::string& text) {
  std::string result = "\\&";  // a full stop that begins a line would be a request
  bool bold = false;
  for (const char c : text) {
    switch (c) {
      case '`':
        bold = !bold;
        result += bold ? "\\fB" : "\\fR";
        break;
      case '\\':
        result += "\\e";
        break;
      case '-':
        result += "\\-";
        break;
      case '\'':
        result += "\\(aq";
        break;
      case '^':
        result += "\\(ha";
        break;
      case '~':
        result += "\\(ti";
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// An item of a list: a term, which is roff, and what explains it.
std::string item(const std::string& term, const std::string& text) {
  return ".TP\n" + term + "\n" + roff(text) + "\n";
}

/// form_of() as pages have it: what is typed is bold, what something else stands for is not.
std::string term_of(const Option& option) {
  const std::string form = form_of(option), names = form.substr(0, form.size() - option.value.size());
  return roff("`" + names + "`") + (option.value.empty() ? "" : "\\fI" + roff(option.value) + "\\fR");
}

std::string prose(const std::string& text) {
  std::string page;
  for (const std::string& paragraph : paragraphs(text)) page += ".PP\n" + roff(paragraph) + "\n";
  return page;
}

/// On one line, however long.
std::string example(const std::string& text) {
  return ".PP\n.nf\n" + roff(text) + "\n.fi\n";
}

std::string manual_page() {
  const std::string built = version();  // the release, and what it was made of
  std::string page = fmt::format(".TH STRAGGLE 1 \"\" \"straggle {}\" \"User Commands\"\n",
                                 built.substr(0, built.find(',')));
  page += ".SH NAME\n" + roff(std::string("straggle - ") + program_title) + "\n";
  page += ".SH SYNOPSIS\n" + roff("`straggle` COMMAND [ARGUMENTS]") + "\n";
  page += ".SH DESCRIPTION\n";
  for (const Command& command : commands()) page += item(roff("`" + command.name + "`"), command.summary);
  page += prose("All commands have " + form_of(help_option()) + ".");
  page += ".SH COMMANDS\n";
  for (const Command& command : commands()) {
    page += ".SS " + roff(usage_of(command)) + "\n" + prose(command.description);
    for (const Option& option : command.options) page += item(term_of(option), meaning_of(option));
    page += example("Example: `" + command.example + "`");
  }
  page += ".SH EXIT STATUS\n" + prose(program_exit_codes);
  return page + ".SH EXAMPLE\n" + example(std::string("`") + program_example + "`");
}

int man_command(const Arguments&) {
  std::cout << manual_page();
  return fine;
}

}  // namespace
}  // namespace straggle
