import * as z from 'zod';
import { defineStage } from '@milepost/core';

// What Milepost records by itself is not declared: duration_seconds, status, error_type, traceback, ...

const count = z.int().nonnegative();
const seconds = z.number().nonnegative();

/** What reads a page: Tesseract, what a page shows; `text_layer`, what the PDF says of it. */
export const BACKENDS = ['tesseract', 'text_layer'] as const;
/** What reads a page. */
export type Backend = (typeof BACKENDS)[number];

export const fetchStage = defineStage({
  name: 'fetch',
  config: z.object({
    scraper_type: z.literal('html_index'),
    all_years: z.boolean(),
    all_agendas: z.boolean(),
  }),
  success: z.object({
    total_pdfs: count,
    total_pages: count,
    fetch_duration_per_pdf: seconds,
  }),
  error: z.object({
    url: z.url(),
    /** Missing where there was no answer. */
    http_status: z.int().optional(),
  }),
});

/** Spread over a job per page: each says `success`, or `error`, of its page, and the coordinator of all. */
export const ocrStage = defineStage({
  name: 'ocr',
  config: z.object({ backend: z.enum(BACKENDS) }),
  success: z.object({
    pdf_name: z.union([z.string(), z.array(z.string())]),
    page_count: count,
    /** Of each page, by its job. */
    ocr_duration_per_page: seconds.optional(),
  }),
  error: z.object({
    pdf_path: z.string(),
    pdf_name: z.string(),
    page_number: z.int().positive(),
    backend: z.enum(BACKENDS),
  }),
});

export const compilationStage = defineStage({
  name: 'compilation',
  config: z.object({
    table_name: z.enum(['minutes', 'agendas']),
    extract_entities: z.boolean(),
    ignore_cache: z.boolean(),
  }),
  success: z.object({ total_pages: count, cache_hits: count, cache_misses: count }),
  error: z.object({ txt_dir: z.string(), table_name: z.string(), page_count: count }),
});

export const extractionStage = defineStage({
  name: 'extraction',
  config: z.object({ extract_entities: z.boolean(), ignore_cache: z.boolean() }),
  success: z.object({ total_pages: count, entities_extracted: count, votes_extracted: count }),
  error: z.object({ page_file: z.string(), extraction_type: z.enum(['entities', 'votes']) }),
});

export const deployStage = defineStage({
  name: 'deploy',
  config: z.object({ deploy_target: z.string(), database_path: z.string() }),
  success: z.object({ plugin_count: count }),
  error: z.object({ plugin_name: z.string(), deploy_target: z.string() }),
});

/** The stages of the pipeline in the order in which they begin. */
export const STAGE_NAMES: readonly string[] = [
  fetchStage,
  ocrStage,
  compilationStage,
  extractionStage,
  deployStage,
].map((stage) => stage.name);
