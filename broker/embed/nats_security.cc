#include "broker/embed/nats_security.h"

namespace wherry {

namespace {

nats::UserPermissions PermissionsOf(const NatsPermissions& given) {
  nats::UserPermissions permissions;
  if (given.publish.has_value()) {
    permissions.publish = nats::SubjectRules{given.publish->allow, given.publish->deny};
  }
  if (given.subscribe.has_value()) {
    permissions.subscribe = nats::SubjectRules{given.subscribe->allow, given.subscribe->deny};
  }
  if (given.allow_responses.has_value()) {
    permissions.allow_responses =
        nats::AllowResponses{given.allow_responses->max, given.allow_responses->expires};
  }
  return permissions;
}

}  // namespace

nats::Authenticator::Settings AuthenticatorSettings(const NatsOptions& options) {
  nats::Authenticator::Settings settings;
  settings.token = options.token;
  settings.user = options.user;
  settings.password = options.password;
  settings.no_auth_user = options.no_auth_user;
  settings.verify_and_map = options.tls.has_value() && options.tls->verify_and_map;
  for (const NatsAccount& account : options.accounts) settings.accounts.push_back(account.name);
  for (const NatsUser& given : options.users) {
    nats::User user{given.user, given.password, given.nkey, given.account, {}, {}};
    if (given.permissions.has_value()) user.permissions = PermissionsOf(*given.permissions);
    user.allowed_connection_types = given.allowed_connection_types;
    settings.users.push_back(std::move(user));
  }
  return settings;
}

}  // namespace wherry
