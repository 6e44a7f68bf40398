module wherry.example/orders

go 1.22.0

require (
	github.com/nats-io/nats.go v1.37.0
	github.com/twmb/franz-go v1.18.0
	wherry.example/wherry v0.0.0
)

require (
	github.com/klauspost/compress v1.17.8 // indirect
	github.com/nats-io/nkeys v0.4.7 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	github.com/pierrec/lz4/v4 v4.1.21 // indirect
	github.com/twmb/franz-go/pkg/kmsg v1.9.0 // indirect
	golang.org/x/crypto v0.23.0 // indirect
	golang.org/x/sys v0.20.0 // indirect
)

replace wherry.example/wherry => ../../../go
