// Package franz_go names the release of franz-go whose own tests tools/conformance runs.
package franz_go

import _ "github.com/twmb/franz-go/pkg/kgo"
