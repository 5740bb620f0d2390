// What the pages show, kept current by the live connection: the labs of this attendee and the services.
import type { LabCard } from '../types/LabCard.ts';
import type { ServiceCard } from '../types/ServiceCard.ts';
import type { TodayView } from '../types/TodayView.ts';
import { ApiError, get } from './api.ts';
import { connection } from './live.svelte.ts';

class World {
  labs = $state<LabCard[] | null>(null);
  services = $state<ServiceCard[] | null>(null);
  error = $state<ApiError | null>(null);
  #begun = false;

  /** Reads the state once and then follows it. */
  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    connection.on('me', ({ t, data }) => {
      if (t === 'labs') this.labs = data as LabCard[];
      if (t === 'lab') this.#replace(data as LabCard);
    });
    connection.on('services', ({ t, data }) => {
      if (t === 'services') this.services = data as ServiceCard[];
    });
    connection.start();
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      const { labs, services } = await get<TodayView>('/today');
      this.labs ??= labs;
      this.services ??= services;
      this.error = null;
    } catch (error) {
      this.error = error as ApiError;
    }
  }

  #replace(lab: LabCard): void {
    this.labs = this.labs?.map((old) => (old.id === lab.id ? lab : old)) ?? null;
  }
}

/** The one world of this tab. */
export const world = new World();
