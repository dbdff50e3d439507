/* What may stand behind is. */
#include "template-private.h"

#include <string.h>

#define TEST(name, condition)                                                                                          \
  TPL_BUILTIN (name)                                                                                                   \
  {                                                                                                                    \
    return tpl_bool (run, condition);                                                                                  \
  }

TEST (test_defined, self->type != TPL_UNDEFINED)
TEST (test_undefined, self->type == TPL_UNDEFINED)
TEST (test_none, self->type == TPL_NONE)
TEST (test_boolean, self->type == TPL_BOOL)
TEST (test_true, self->type == TPL_BOOL && self->integer)
TEST (test_false, self->type == TPL_BOOL && !self->integer)
TEST (test_integer, self->type == TPL_INT)
TEST (test_float, self->type == TPL_FLOAT)
TEST (test_number, tpl_is_number (self))
TEST (test_string, self->type == TPL_STRING)
TEST (test_mapping, self->type == TPL_DICT)
TEST (test_iterable, tpl_is_iterable (self))
TEST (test_sequence, tpl_length (self) >= 0 && self->type != TPL_VIEW && self->type != TPL_LOOP)
TEST (test_callable,
      self->type == TPL_FUNCTION || self->type == TPL_METHOD || self->type == TPL_MACRO || self->type == TPL_UNDEFINED
        || self->type == TPL_LOOP || self->type == TPL_JOINER)
TEST (test_escaped, self->type == TPL_STRING && self->flag)
TEST (test_filter, self->type == TPL_STRING && tpl_is_filter_name (self->text))
TEST (test_test, self->type == TPL_STRING && tpl_find_test (self->text))

/* Python keeps one object for each of none, true, false, and the integers from -5 to 256. */
TEST (test_sameas,
      self == ARG (0)
        || (self->type == ARG (0)->type
            && (self->type == TPL_NONE || self->type == TPL_BOOL
                || (tpl_is_integer (self) && self->integer >= -5 && self->integer <= 256))
            && tpl_equal (self, ARG (0))))

/* x % n == rest */
static TplValue *
test_rest (TplRun *run, TplValue *self, TplValue *divisor, gint64 rest)
{
  const TplValue expected = { .type = TPL_INT, .integer = rest };
  const TplValue *actual = tpl_binary (run, "%", self, divisor);

  return actual ? tpl_bool (run, tpl_equal (actual, &expected)) : NULL;
}

TPL_BUILTIN (test_odd)
{
  return test_rest (run, self, tpl_int (run, 2), 1);
}

TPL_BUILTIN (test_even)
{
  return test_rest (run, self, tpl_int (run, 2), 0);
}

TPL_BUILTIN (test_divisible)
{
  return test_rest (run, self, ARG (0), 0);
}

static TplValue *
test_case (TplRun *run, TplValue *self, const char *method)
{
  TplValue *text = tpl_to_string (run, self);

  return text ? tpl_apply (run, tpl_find_row (tpl_string_methods, method), text, &(TplArgs){ 0 }) : NULL;
}

TPL_BUILTIN (test_lower)
{
  return test_case (run, self, "islower");
}

TPL_BUILTIN (test_upper)
{
  return test_case (run, self, "isupper");
}

static TplValue *
compared (TplRun *run, const char *operator, TplValue * self, TplValue *other)
{
  gboolean result;

  return tpl_compare (run, operator, self, other, &result) ? tpl_bool (run, result) : NULL;
}

#define COMPARISON(name, operator)                                                                                     \
  TPL_BUILTIN (name)                                                                                                   \
  {                                                                                                                    \
    return compared (run, operator, self, ARG (0));                                                                    \
  }

COMPARISON (test_eq, "==")
COMPARISON (test_ne, "!=")
COMPARISON (test_lt, "<")
COMPARISON (test_le, "<=")
COMPARISON (test_gt, ">")
COMPARISON (test_ge, ">=")
COMPARISON (test_in, "in")

const TplBuiltin tpl_tests[] = {
  { "defined", test_defined, "", 0 },
  { "undefined", test_undefined, "", 0 },
  { "none", test_none, "", 0 },
  { "boolean", test_boolean, "", 0 },
  { "true", test_true, "", 0 },
  { "false", test_false, "", 0 },
  { "integer", test_integer, "", 0 },
  { "float", test_float, "", 0 },
  { "number", test_number, "", 0 },
  { "string", test_string, "", 0 },
  { "mapping", test_mapping, "", 0 },
  { "iterable", test_iterable, "", 0 },
  { "sequence", test_sequence, "", 0 },
  { "callable", test_callable, "", 0 },
  { "escaped", test_escaped, "", 0 },
  { "filter", test_filter, "", 0 },
  { "test", test_test, "", 0 },
  { "sameas", test_sameas, "other", 1 },
  { "odd", test_odd, "", 0 },
  { "even", test_even, "", 0 },
  { "divisibleby", test_divisible, "num", 1 },
  { "lower", test_lower, "", 0 },
  { "upper", test_upper, "", 0 },
  { "==", test_eq, "/other", 1 },
  { "eq", test_eq, "/other", 1 },
  { "equalto", test_eq, "/other", 1 },
  { "!=", test_ne, "/other", 1 },
  { "ne", test_ne, "/other", 1 },
  { "<", test_lt, "/other", 1 },
  { "lt", test_lt, "/other", 1 },
  { "lessthan", test_lt, "/other", 1 },
  { "<=", test_le, "/other", 1 },
  { "le", test_le, "/other", 1 },
  { ">", test_gt, "/other", 1 },
  { "gt", test_gt, "/other", 1 },
  { "greaterthan", test_gt, "/other", 1 },
  { ">=", test_ge, "/other", 1 },
  { "ge", test_ge, "/other", 1 },
  { "in", test_in, "seq", 1 },
  { NULL },
};

const TplBuiltin *
tpl_find_test (const char *name)
{
  return tpl_find_row (tpl_tests, name);
}
