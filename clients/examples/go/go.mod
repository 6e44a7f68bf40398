module wherry.example/go

go 1.22.0

require (
	github.com/confluentinc/confluent-kafka-go/v2 v2.11.1
	github.com/nats-io/nats.go v1.37.0
)

require (
	github.com/klauspost/compress v1.17.9 // indirect
	github.com/nats-io/nkeys v0.4.7 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	golang.org/x/crypto v0.27.0 // indirect
	golang.org/x/sys v0.25.0 // indirect
)
