#pragma once
#include "codes/decoder.h"
