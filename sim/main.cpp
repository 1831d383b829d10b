// straggle: the program.
#include "sim/commands/program.h"

int main(int count, char** words) {
  return straggle::run_and_report({words + 1, words + count});
}
