package wherry

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// Error is a call that failed: its status as a word ("not_found"), and a sentence for people.
type Error struct {
	Status  string
	Message string
}

func (e *Error) Error() string { return e.Status + ": " + e.Message }

// control calls the operations of one namespace over HTTP, all of them at one address of the server,
// so that its tests share connections.
type control struct {
	url       string
	namespace string // "": the default one
}

// Connections are kept for the next call; http.DefaultTransport may be somebody else's.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}

func (c control) call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if body, err = c.inNamespace(body); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		c.url+"/control/"+strings.ReplaceAll(operation, ".", "/"), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	if response.StatusCode == http.StatusOK {
		if out == nil {
			out = &struct{}{}
		}
		return decoder.Decode(out)
	}
	var answer struct {
		Error struct{ Status, Message string }
	}
	if err := decoder.Decode(&answer); err != nil {
		return fmt.Errorf("%s: HTTP status %s", operation, response.Status)
	}
	return &Error{answer.Error.Status, answer.Error.Message}
}

// inNamespace adds the member that names our namespace to a JSON object.
func (c control) inNamespace(object []byte) ([]byte, error) {
	if string(object) == "null" {
		object = []byte("{}")
	}
	if c.namespace == "" {
		return object, nil
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, err
	}
	if _, other := members["namespace"]; !other {
		members["namespace"], _ = json.Marshal(c.namespace)
	}
	return json.Marshal(members)
}

// putBytes adds bytes to the members of a call, as text where they are UTF-8; nil is left out.
func putBytes(members map[string]any, name string, value []byte) {
	switch {
	case value == nil:
	case utf8.Valid(value):
		members[name] = string(value)
	default:
		members[name+"_base64"] = base64.StdEncoding.EncodeToString(value)
	}
}

// jsonBytes are bytes of an answer: text, or base64 under another name.
func jsonBytes(text *string, encoded []byte) []byte {
	if encoded != nil {
		return encoded
	}
	if text == nil {
		return nil
	}
	return []byte(*text)
}

// Header is one header of a message or record; names may repeat. Value is nil where it is null.
type Header struct {
	Name  string
	Value []byte
}

func (h *Header) UnmarshalJSON(text []byte) error {
	var members struct {
		Name        string
		Value       *string
		ValueBase64 []byte `json:"value_base64"`
	}
	err := json.Unmarshal(text, &members)
	*h = Header{members.Name, jsonBytes(members.Value, members.ValueBase64)}
	return err
}

func (h Header) MarshalJSON() ([]byte, error) {
	members := map[string]any{"name": h.Name}
	putBytes(members, "value", h.Value)
	return json.Marshal(members)
}

// Message is a NATS message.
type Message struct {
	Subject string
	Reply   string
	Headers []Header
	Payload []byte
}

func (m *Message) UnmarshalJSON(text []byte) error {
	var members struct {
		Subject, Reply string
		Headers        []Header
		Payload        *string
		PayloadBase64  []byte `json:"payload_base64"`
	}
	err := json.Unmarshal(text, &members)
	*m = Message{members.Subject, members.Reply, members.Headers,
		jsonBytes(members.Payload, members.PayloadBase64)}
	return err
}

// Header is the first header of that name, compared without case; "" if there is none.
func (m *Message) Header(name string) string {
	for _, header := range m.Headers {
		if strings.EqualFold(header.Name, name) {
			return string(header.Value)
		}
	}
	return ""
}

// Record is a Kafka record. Key and Value are nil where they are null.
type Record struct {
	Partition int32
	Offset    int64
	Timestamp int64 // milliseconds since the epoch
	Key       []byte
	Value     []byte
	Headers   []Header
}

func (r *Record) UnmarshalJSON(text []byte) error {
	var members struct {
		Partition         int32
		Offset, Timestamp int64
		Key, Value        *string
		KeyBase64         []byte `json:"key_base64"`
		ValueBase64       []byte `json:"value_base64"`
		Headers           []Header
	}
	err := json.Unmarshal(text, &members)
	*r = Record{members.Partition, members.Offset, members.Timestamp,
		jsonBytes(members.Key, members.KeyBase64), jsonBytes(members.Value, members.ValueBase64),
		members.Headers}
	return err
}
