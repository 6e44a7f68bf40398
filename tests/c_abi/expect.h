#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wherry/c.h"

// Ends the test where something is not as it must be.
#define EXPECT(condition) Expect((condition), #condition, __LINE__)
#define EXPECT_OK(call) ExpectOk((call), &error, #call, __LINE__)

static void Expect(int holds, const char* text, int line) {
  if (holds) return;
  fprintf(stderr, "line %d: not so: %s\n", line, text);
  exit(1);
}

static void ExpectOk(int status, char** error, const char* text, int line) {
  if (status == WHERRY_OK && *error == NULL) return;
  fprintf(stderr, "line %d: %s: %s: %s\n", line, text, wherry_status_name(status),
          *error == NULL ? "(no error text)" : *error);
  exit(1);
}

// That a call failed so, with a sentence that holds `part`; frees it.
static void ExpectFailure(int status, int wanted, char** error, const char* part) {
  if (status != wanted || *error == NULL || strstr(*error, part) == NULL) {
    fprintf(stderr, "status %s with \"%s\", not %s with \"%s\"\n", wherry_status_name(status),
            *error == NULL ? "" : *error, wherry_status_name(wanted), part);
    exit(1);
  }
  wherry_free(*error);
  *error = NULL;
}
