// Starts a broker from C and sends itself one message; or looks whether it was given a broker.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wherry/c.h>

static int LookForBroker(void) {
  const char* const url = getenv("WHERRY_NATS_URL");
  printf("%s\n", url == NULL ? "no broker was given" : url);
  return url != NULL && strncmp(url, "nats://", 7) == 0 ? 0 : 1;
}

int main(int argc, char** argv) {
  (void)argv;
  if (argc > 1) return LookForBroker();
  wherry_broker* broker = NULL;
  wherry_subscription* boats = NULL;
  wherry_message* boat = NULL;
  char* error = NULL;
  size_t size = 0;
  int status = wherry_start(NULL, &broker, &error);
  if (status == WHERRY_OK) {
    wherry_namespace* const space = wherry_default_namespace(broker);
    status = wherry_nats_subscribe(space, "boats.>", NULL, &boats, &error);
    if (status == WHERRY_OK)
      status = wherry_nats_publish(space, "boats.arrived", "wherry", 6, &error);
    if (status == WHERRY_OK) status = wherry_subscription_next(boats, 10000, &boat, &error);
  }
  if (status == WHERRY_OK && strcmp(wherry_message_payload(boat, &size), "wherry") != 0) status = 1;
  if (status != WHERRY_OK) printf("%s\n", error == NULL ? "the wrong message" : error);
  wherry_free(error);
  wherry_message_free(boat);
  wherry_subscription_free(boats);
  wherry_broker_free(broker);
  return status;
}
