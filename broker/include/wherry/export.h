#pragma once

// Marks what a shared libwherry shows to the programs that link it; everything else stays hidden.
#define WHERRY_EXPORT [[gnu::visibility("default")]]
