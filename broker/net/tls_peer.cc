#include "broker/net/tls_peer.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace wherry::net {

namespace {

// The attributes that Go knows by name, in the order in which it prints them.
constexpr std::array<std::string_view, 9> kGoOrder = {"SERIALNUMBER", "CN", "OU", "O", "POSTALCODE",
                                                      "STREET",       "L",  "ST", "C"};

std::string NameOfType(int nid, const ASN1_OBJECT* object) {
  switch (nid) {
    case NID_serialNumber:
      return "SERIALNUMBER";
    case NID_streetAddress:
      return "STREET";
    case NID_postalCode:
      return "POSTALCODE";
    case NID_commonName:
    case NID_organizationalUnitName:
    case NID_organizationName:
    case NID_localityName:
    case NID_stateOrProvinceName:
    case NID_countryName:
    case NID_domainComponent:
      return OBJ_nid2sn(nid);
    default:
      break;
  }
  char dotted[128];
  OBJ_obj2txt(dotted, sizeof(dotted), object, 1);
  return dotted;
}

std::string Text(const ASN1_STRING* string) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, string);
  if (size < 0) return "";
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

std::vector<std::vector<TlsPeer::Attribute>> PartsOf(const X509_NAME* name) {
  std::vector<std::vector<TlsPeer::Attribute>> parts;
  int set = -1;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const ASN1_OBJECT* object = X509_NAME_ENTRY_get_object(entry);
    if (X509_NAME_ENTRY_set(entry) != set) parts.emplace_back();
    set = X509_NAME_ENTRY_set(entry);
    parts.back().push_back(
        {NameOfType(OBJ_obj2nid(object), object), Text(X509_NAME_ENTRY_get_data(entry))});
  }
  return parts;
}

// RFC 2253, section 2.4.
std::string Escaped(std::string_view value) {
  std::string escaped;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool at_edge = i == 0 || i + 1 == value.size();
    if (std::string_view(",+\"\\<>;").find(c) != std::string_view::npos || (c == ' ' && at_edge) ||
        (c == '#' && i == 0)) {
      escaped.push_back('\\');
    }
    escaped.push_back(c);
  }
  return escaped;
}

std::vector<std::string> ValuesOf(const TlsPeer& peer, std::string_view type) {
  std::vector<std::string> values;
  for (const auto& part : peer.subject_parts) {
    for (const TlsPeer::Attribute& attribute : part) {
      if (attribute.type == type) values.push_back(attribute.value);
    }
  }
  return values;
}

// The attributes that RFC 2253 names.
const char* Rfc2253Name(int nid) {
  switch (nid) {
    case NID_streetAddress:
      return "STREET";
    case NID_userId:
      return "UID";
    case NID_commonName:
    case NID_organizationalUnitName:
    case NID_organizationName:
    case NID_localityName:
    case NID_stateOrProvinceName:
    case NID_countryName:
    case NID_domainComponent:
      return OBJ_nid2sn(nid);
    default:
      return nullptr;
  }
}

std::string Rfc2253Attribute(const X509_NAME_ENTRY* entry) {
  const ASN1_OBJECT* const object = X509_NAME_ENTRY_get_object(entry);
  const ASN1_STRING* const value = X509_NAME_ENTRY_get_data(entry);
  if (const char* const name = Rfc2253Name(OBJ_obj2nid(object)); name != nullptr) {
    return absl::StrCat(name, "=", Escaped(Text(value)));
  }
  char dotted[128];
  OBJ_obj2txt(dotted, sizeof(dotted), object, 1);
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_PRINTABLE(value, &der);
  const std::string bytes(reinterpret_cast<const char*>(der),
                          static_cast<std::size_t>(std::max(size, 0)));
  OPENSSL_free(der);
  return absl::StrCat(dotted, "=#", absl::BytesToHexString(bytes));
}

std::string DistinguishedName(const X509_NAME* name) {
  std::vector<std::string> parts;  // those of one set joined
  int set = -1;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, i);
    const bool same_set = X509_NAME_ENTRY_set(entry) == set;
    set = X509_NAME_ENTRY_set(entry);
    if (same_set) {
      absl::StrAppend(&parts.back(), "+", Rfc2253Attribute(entry));
    } else {
      parts.push_back(Rfc2253Attribute(entry));
    }
  }
  std::reverse(parts.begin(), parts.end());
  return absl::StrJoin(parts, ",");
}

// Go gathers all values of a type into one part; of common name and serial number it keeps the
// last.
std::string SubjectOf(const TlsPeer& peer) {
  std::vector<std::string> parts;
  for (const std::string_view type : kGoOrder) {
    std::vector<std::string> values = ValuesOf(peer, type);
    if (type == "CN" || type == "SERIALNUMBER") {
      if (values.empty() || values.back().empty()) continue;
      values = {values.back()};
    }
    if (values.empty()) continue;
    for (std::string& value : values) value = absl::StrCat(std::string(type), "=", Escaped(value));
    parts.push_back(absl::StrJoin(values, "+"));
  }
  return absl::StrJoin(parts, ",");
}

void AddAlternativeNames(const X509* certificate, TlsPeer& peer) {
  auto* const names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  if (names == nullptr) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
    std::vector<std::string>* const kind = type == GEN_EMAIL ? &peer.emails
                                           : type == GEN_DNS ? &peer.dns_names
                                           : type == GEN_URI ? &peer.uris
                                                             : nullptr;
    if (kind == nullptr) continue;
    const auto* string = static_cast<const ASN1_STRING*>(value);
    kind->emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                       static_cast<std::size_t>(ASN1_STRING_length(string)));
  }
  GENERAL_NAMES_free(names);
}

std::string Sha256Hex(const unsigned char* bytes, std::size_t size) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(bytes, size, digest);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), sizeof(digest)});
}

template <typename Encode, typename Value>
std::string Sha256OfDer(Encode encode, Value* value) {
  unsigned char* der = nullptr;
  const int size = encode(value, &der);
  if (size < 0) return "";
  std::string hex = Sha256Hex(der, static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return hex;
}

void AddCertificate(const X509* certificate, TlsPeer& peer) {
  peer.has_certificate = true;
  peer.distinguished_name = DistinguishedName(X509_get_subject_name(certificate));
  peer.subject_parts = PartsOf(X509_get_subject_name(certificate));
  AddAlternativeNames(certificate, peer);
  if (const auto names = ValuesOf(peer, "CN"); !names.empty()) peer.common_name = names.back();
  peer.subject = SubjectOf(peer);
  if (const auto domain = ValuesOf(peer, "DC"); !domain.empty()) {
    peer.subject_with_domain = absl::StrCat(peer.subject, ",DC=", absl::StrJoin(domain, ",DC="));
  }
  peer.public_key_sha256 = Sha256OfDer(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(certificate));
  peer.certificate_sha256 = Sha256OfDer(i2d_X509, certificate);
}

}  // namespace

TlsPeer DescribeTlsPeer(const ssl_st* connection) {
  TlsPeer peer;
  peer.version = SSL_version(connection) == TLS1_3_VERSION ? "1.3" : "1.2";
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(connection); cipher != nullptr) {
    peer.cipher_suite = SSL_CIPHER_standard_name(cipher);
  }
  if (const X509* certificate = SSL_get0_peer_certificate(connection); certificate != nullptr) {
    AddCertificate(certificate, peer);
  }
  return peer;
}

}  // namespace wherry::net
