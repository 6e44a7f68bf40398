// Boost.JSON's definitions for the tests, which cannot count on a shared libwherry to show its own.
#include <boost/json/src.hpp>
