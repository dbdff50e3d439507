/* Splits a template into text, the delimiters of tags, and the tokens within them. */
#pragma once

#include "template-private.h"

G_BEGIN_DECLS

typedef enum
{
  TPL_T_END,
  TPL_T_TEXT,
  TPL_T_OUTPUT_BEGIN, /* {{ */
  TPL_T_OUTPUT_END,
  TPL_T_TAG_BEGIN, /* {% */
  TPL_T_TAG_END,
  TPL_T_NAME,
  TPL_T_INT,
  TPL_T_FLOAT,
  TPL_T_STRING,
  TPL_T_OPERATOR,
} TplTokenType;

typedef struct
{
  TplTokenType type;
  guint line;
  const char *text; /* terminated; of a string, what it means */
  gsize length;
} TplToken;

/* (element-type TplToken), ending with TPL_T_END; NULL with RP_ERROR_TEMPLATE. Texts live in arena. */
GArray *tpl_lex (TplArena *arena, const char *source, gsize length, GError **error);

G_END_DECLS
