// The keys and signatures were made with Go's github.com/nats-io/nkeys 0.4.17: FromRawSeed of 32
// equal bytes (7; for the signatures 10, 11, 12), PublicKey, Sign.
#include "protocol/nats/nkey.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace wherry::nats {
namespace {

struct KnownKey {
  NkeyKind kind;
  const char* text;
};
constexpr KnownKey kKeys[] = {
    {NkeyKind::kUser, "UDVEU3DD4KOFECV66VIHWEZOYX4ZKR3WV27L464SIIPOU2IUI3JCYSJF"},
    {NkeyKind::kServer, "NDVEU3DD4KOFECV66VIHWEZOYX4ZKR3WV27L464SIIPOU2IUI3JCYLVO"},
    {NkeyKind::kAccount, "ADVEU3DD4KOFECV66VIHWEZOYX4ZKR3WV27L464SIIPOU2IUI3JCZW22"},
    {NkeyKind::kOperator, "ODVEU3DD4KOFECV66VIHWEZOYX4ZKR3WV27L464SIIPOU2IUI3JCZAW4"},
    {NkeyKind::kCluster, "CDVEU3DD4KOFECV66VIHWEZOYX4ZKR3WV27L464SIIPOU2IUI3JCYEYG"},
};

struct Signed {
  const char* nkey;
  const char* nonce;
  const char* url;       // without padding
  const char* standard;  // with padding
};
constexpr Signed kSigned[] = {
    {"UBB2OLTRIQAXMLPWNNUME3P334TIFKXMT4SHJ3FEME7EESQPXL6TYSAE", "nonce-number-00",
     "F7prfS3Ncg4_gFefHnz6OAnWG6hsnSqSrhzmVNY80aZzlL-"
     "oJJ0lkqVmKNtDcQzUmIaAr77eJ8TwNb42Ge85Cw",
     "F7prfS3Ncg4/gFefHnz6OAnWG6hsnSqSrhzmVNY80aZzlL+"
     "oJJ0lkqVmKNtDcQzUmIaAr77eJ8TwNb42Ge85Cw=="},
    {"UBTL47RTFR5EKMZSXWOQU735WBK7LRPPDIDK3JTNTCZZ7NUBBRDTUA6A", "nonce-number-01",
     "bu4siGYLsTItPqwYCnGH-RQFrl7WtsXxntzrLHdy0ahQJRZqtiP8UitkSbYKg7V7TA317OGkRt2FWrEQlJ2DBg",
     "bu4siGYLsTItPqwYCnGH+RQFrl7WtsXxntzrLHdy0ahQJRZqtiP8UitkSbYKg7V7TA317OGkRt2FWrEQlJ2DBg=="},
    {"UAFVCOWZWSJEAFOKBEBO2B4QITJ2YXN6YIYG6BUURQINVDVW4OPS247E", "nonce-number-02",
     "LYdJlaaoPgdq5SOhTjyeRTsXhXCRxbcVjYV3_9qa7BR7Oa70UZVSS2_zOzcnZY8OyCUzdLdVJ1QN8ZuSwoOMBQ",
     "LYdJlaaoPgdq5SOhTjyeRTsXhXCRxbcVjYV3/9qa7BR7Oa70UZVSS2/zOzcnZY8OyCUzdLdVJ1QN8ZuSwoOMBQ=="},
};

TEST(NkeyTest, PublicKeysOfEveryKind) {
  for (const KnownKey& known : kKeys) {
    const auto nkey = DecodeNkey(known.text);
    ASSERT_TRUE(nkey.has_value()) << known.text;
    EXPECT_EQ(nkey->kind, known.kind);
    EXPECT_EQ(nkey->key, DecodeNkey(kKeys[0].text)->key) << "one seed, one key";
    EXPECT_EQ(EncodeNkey(*nkey), known.text);
  }
}

TEST(NkeyTest, WhatIsNoPublicKey) {
  const std::string good = kKeys[0].text;
  EXPECT_FALSE(DecodeNkey("").has_value());
  EXPECT_FALSE(DecodeNkey(good.substr(1)).has_value());
  EXPECT_FALSE(DecodeNkey(good + "A").has_value());
  EXPECT_FALSE(DecodeNkey("u" + good.substr(1)).has_value());
  EXPECT_FALSE(DecodeNkey(std::string(56, '1')).has_value());
  EXPECT_FALSE(
      DecodeNkey("SUAAOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBYHA4DQOBZ5FE").has_value())
      << "a seed";
}

TEST(NkeyTest, OneWrongLetterIsNoticed) {
  const std::string good = kKeys[0].text;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string wrong = good;
    wrong[i] = wrong[i] == 'Q' ? 'R' : 'Q';
    EXPECT_FALSE(DecodeNkey(wrong).has_value()) << i;
  }
}

RC_GTEST_PROP(NkeyTest, WhatWasEncodedIsDecoded, ()) {
  Nkey nkey;
  nkey.kind = *rc::gen::element(NkeyKind::kUser, NkeyKind::kAccount, NkeyKind::kCurve);
  for (unsigned char& byte : nkey.key) byte = *rc::gen::arbitrary<unsigned char>();
  const std::string text = EncodeNkey(nkey);
  RC_ASSERT(text.size() == 56u);
  RC_ASSERT(DecodeNkey(text) == nkey);
}

TEST(NkeyTest, SignaturesInBothAlphabets) {
  for (const Signed& example : kSigned) {
    const auto nkey = DecodeNkey(example.nkey);
    ASSERT_TRUE(nkey.has_value());
    const auto signature = DecodeSignature(example.url);
    ASSERT_TRUE(signature.has_value());
    EXPECT_EQ(DecodeSignature(example.standard), signature);
    EXPECT_TRUE(VerifySignature(*nkey, example.nonce, *signature));
  }
}

TEST(NkeyTest, MixturesOfTheAlphabetsAreRefused) {
  const std::string url = kSigned[0].url, standard = kSigned[0].standard;
  EXPECT_FALSE(DecodeSignature(url + "==").has_value());
  EXPECT_FALSE(DecodeSignature(standard.substr(0, standard.size() - 2)).has_value());
  EXPECT_FALSE(DecodeSignature("").has_value());
  EXPECT_FALSE(DecodeSignature(url.substr(0, 84)).has_value()) << "63 bytes";
}

TEST(NkeyTest, ASignatureHoldsForItsKeyAndItsNonceAlone) {
  const auto nkey = DecodeNkey(kSigned[0].nkey), other = DecodeNkey(kSigned[1].nkey);
  const Signature signature = *DecodeSignature(kSigned[0].url);
  EXPECT_FALSE(VerifySignature(*nkey, kSigned[1].nonce, signature));
  EXPECT_FALSE(VerifySignature(*nkey, "", signature));
  EXPECT_FALSE(VerifySignature(*other, kSigned[0].nonce, signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Signature wrong = signature;
    wrong[i] ^= 1;
    EXPECT_FALSE(VerifySignature(*nkey, kSigned[0].nonce, wrong)) << i;
  }
}

}  // namespace
}  // namespace wherry::nats
