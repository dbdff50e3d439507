/* A growing Markdown text as blocks, of which only the last are parsed again when it grows. No widgets. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  RIPOSTE_BLOCK_PARAGRAPH,
  RIPOSTE_BLOCK_HEADING,
  RIPOSTE_BLOCK_CODE,
  RIPOSTE_BLOCK_LIST,  /* children: items */
  RIPOSTE_BLOCK_ITEM,  /* children: blocks */
  RIPOSTE_BLOCK_QUOTE, /* children: blocks */
  RIPOSTE_BLOCK_TABLE, /* children: rows; the first is the header */
  RIPOSTE_BLOCK_ROW,   /* children: cells */
  RIPOSTE_BLOCK_CELL,
  RIPOSTE_BLOCK_RULE,
  RIPOSTE_BLOCK_FORMULA, /* code: TeX */
  RIPOSTE_BLOCK_GROUP,   /* children: a paragraph's text and the formulas between */
} RiposteBlockKind;

typedef enum
{
  RIPOSTE_ALIGN_NONE,
  RIPOSTE_ALIGN_START,
  RIPOSTE_ALIGN_CENTER,
  RIPOSTE_ALIGN_END,
} RiposteAlign;

typedef struct _RiposteBlock RiposteBlock;

/* Immutable once made; threads may share it. */
struct _RiposteBlock
{
  RiposteBlockKind kind;
  int level;           /* of a heading, from 1 */
  char *markup;        /* of a paragraph, heading or cell: Pango's, escaped */
  char *code;          /* of code, without its last newline */
  char *info;          /* of code: the fence's info string, "" where there is none */
  int number;          /* of an item in an ordered list; -1 for a bullet, -2 and -3 for a task undone and done */
  gboolean tight;      /* of a list */
  RiposteAlign align;  /* of a cell */
  GPtrArray *children; /* (nullable) of RiposteBlock */
};

RiposteBlock *riposte_block_new (RiposteBlockKind kind);
RiposteBlock *riposte_block_ref (RiposteBlock *block);
void riposte_block_unref (RiposteBlock *block);
gboolean riposte_block_equal (const RiposteBlock *a, const RiposteBlock *b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteBlock, riposte_block_unref)

/**
 * riposte_markdown_parse:
 * @text: UTF-8, as riposte_plain_text() leaves it
 * @lines: (out) (nullable) (element-type guint): the line, from 0, that each block begins on; several have
 *   the same where they came of one that was too large
 *
 * GitHub's Markdown. HTML is shown as what it is; images are links to them.
 * Returns: (element-type RiposteBlock): the outermost blocks
 */
GPtrArray *riposte_markdown_parse (const char *text, gsize length, GArray **lines);

/* Of one thread at a time. */
typedef struct _RiposteMarkdown RiposteMarkdown;

RiposteMarkdown *riposte_markdown_new (void);
void riposte_markdown_free (RiposteMarkdown *self);
/* Adds to the text. Returns: the first block that may have changed; those before it are as they were. */
guint riposte_markdown_append (RiposteMarkdown *self, const char *text);
/* The text is whole: what only its end can tell (references that are defined below their use) is put right.
 * Returns: the first block that may have changed */
guint riposte_markdown_finish (RiposteMarkdown *self);
guint riposte_markdown_get_n_blocks (RiposteMarkdown *self);
RiposteBlock *riposte_markdown_get_block (RiposteMarkdown *self, guint index); /* owned by @self */
/* In bytes, and of it what an append() parses anew. */
gsize riposte_markdown_get_length (RiposteMarkdown *self);
gsize riposte_markdown_get_n_open (RiposteMarkdown *self);
/* The bytes that the last append() parsed; for tests. */
gsize riposte_markdown_get_n_parsed (RiposteMarkdown *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RiposteMarkdown, riposte_markdown_free)

G_END_DECLS
