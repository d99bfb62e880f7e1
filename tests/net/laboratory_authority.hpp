// SPDX-License-Identifier: MIT
//
// An authority of the test's own, and the certificates that it signs, made
// anew by each run.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace hydrant::tests {

template <auto Free>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using TlsKey = std::unique_ptr<EVP_PKEY, OpensslFree<&EVP_PKEY_free>>;
using TlsCertificate = std::unique_ptr<X509, OpensslFree<&X509_free>>;
using TlsContext = std::unique_ptr<SSL_CTX, OpensslFree<&SSL_CTX_free>>;

/// A key and the certificate that says whose it is.
struct TlsIdentity {
  TlsKey key;
  TlsCertificate certificate;

  /// Writes both into one file.
  void write_to(const std::string& path) const {
    std::FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate.get());
    PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
  }
};

class LaboratoryAuthority {
 public:
  LaboratoryAuthority() : self_(make("authority", nullptr, "CA:TRUE", {}, 3600)) {}

  /// For the host of that name; valid so many seconds from now, which may be past.
  TlsIdentity identity(const std::string& host, long seconds = 3600) const {
    const bool is_address = host.find_first_not_of("0123456789.") == std::string::npos;
    return make(host, &self_, "CA:FALSE", (is_address ? "IP:" : "DNS:") + host, seconds);
  }

  const TlsIdentity& self() const { return self_; }

  /// A server's side. With `client_authority`, clients must show a certificate of that authority.
  static TlsContext serve_as(const TlsIdentity& identity,
                             const LaboratoryAuthority* client_authority = nullptr) {
    TlsContext context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
    if (client_authority != nullptr) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()),
                          client_authority->self_.certificate.get());
      SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    return context;
  }

 private:
  static TlsIdentity make(const std::string& name, const TlsIdentity* issuer,
                          const std::string& constraints, const std::string& alternative,
                          long seconds) {
    static long serial = 0;
    TlsIdentity made{TlsKey(EVP_EC_gen("P-256")), TlsCertificate(X509_new())};
    X509* certificate = made.certificate.get();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
    X509_set_pubkey(certificate, made.key.get());
    const std::string subject = name + " " + std::to_string(serial);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
    const TlsIdentity& signer = issuer == nullptr ? made : *issuer;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer.certificate.get()));
    add_extension(certificate, NID_basic_constraints, "critical," + constraints);
    if (!alternative.empty()) {
      add_extension(certificate, NID_subject_alt_name, alternative);
    }
    X509_sign(certificate, signer.key.get(), EVP_sha256());
    return made;
  }

  static void add_extension(X509* certificate, int id, const std::string& text) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, text.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  TlsIdentity self_;
};

}  // namespace hydrant::tests
