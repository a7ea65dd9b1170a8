/* Contents of many pieces become one piece, behind whoever reads them. */
#ifndef SKERRY_CORE_FILES_STRAIGHTEN_H
#define SKERRY_CORE_FILES_STRAIGHTEN_H

#include "../state.h"

struct skr_straightener;

enum skr_status skr_straightener_open(struct skr_straightener **out, struct skr_core *core, struct skr_error *err);
void skr_straightener_close(struct skr_straightener *straightener); /* NULL-safe */

#endif
